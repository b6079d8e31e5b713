"""Istio accepts the object and warns of it.

What it means
Istio's webhook answers with a warning that `kubectl` prints and that CI rarely shows.

How we know
A rule of Istio's validation warns. Where a rule of its own tells the same better, it is told there. That any release
may break an EnvoyFilter, which Istio says of each of them, is left out.

What to do
Correct the place that is named.

Bad:

    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: reviews
      namespace: shop
    spec:
      host: reviews
      trafficPolicy: {loadBalancer: {simple: LEAST_CONN}}
    ---
    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: allapi
      namespace: shop
    spec:
      hosts:
      - "*api.example.com"
      location: MESH_EXTERNAL
      resolution: NONE
      ports:
      - {number: 80, name: http, protocol: HTTP}

Good:

    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: reviews
      namespace: shop
    spec:
      host: reviews
      trafficPolicy: {loadBalancer: {simple: LEAST_REQUEST}}
    ---
    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: all
      namespace: shop
    spec:
      hosts:
      - "*.example.com"
      location: MESH_EXTERNAL
      resolution: NONE
      ports:
      - {number: 80, name: http, protocol: HTTP}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View
from unstale.model.problem import Severity as Gravity


def _check(view: View) -> Iterator[Hit]:
    every_filter = {one.origin for one in view.manifests.envoy_filters}
    for problem in view.manifests.warnings:
        if problem.severity is Gravity.WARNING and problem.origin not in every_filter:
            yield Hit(origin=problem.origin, message=problem.what, fix=problem.allowed)


RULE = Rule(
    code="UNS002",
    severity=Severity.WARNING,
    check=_check,
    others=("IST0133",),
    why="Istio's webhook accepts it and warns of it.",
    fix="Correct it as the message says.",
)
