"""A cluster is named, and what else the match asks for is ignored.

What it means
`name` alone decides; `service`, `subset` and `portNumber` beside it are not looked at. A patch that was meant to be
narrower is not.

How we know
The match of a CLUSTER patch has `name` and one of the others.

What to do
Write `name` alone, or the others without it.

Bad:

    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: dns
      namespace: shop
    spec:
      configPatches:
      - applyTo: CLUSTER
        match: {cluster: {name: "outbound|80||api.example.com", service: other.example.com}}
        patch: {operation: MERGE, value: {dns_refresh_rate: 5s}}

Good:

    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: dns
      namespace: shop
    spec:
      configPatches:
      - applyTo: CLUSTER
        match: {cluster: {name: "outbound|80||api.example.com"}}
        patch: {operation: MERGE, value: {dns_refresh_rate: 5s}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.envoy_filter import ApplyTo
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.patches import written_patches
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_OTHERS = {"service": "service", "subset": "subset", "port_number": "portNumber"}


def _check(view: View) -> Iterator[Hit]:
    for written in written_patches(view):
        cluster = written.entry.match.cluster if written.entry.match else None
        if written.apply_to is not ApplyTo.CLUSTER or cluster is None or not cluster.name:
            continue
        others = [attribute for attribute in _OTHERS if getattr(cluster, attribute)]
        if others:
            message = f"{' and '.join(_OTHERS[one] for one in others)} beside the name {cluster.name} does not count"
            yield Hit(origin=origin_of(cluster, others[0]), message=message)


RULE = Rule(
    code="UNS708",
    severity=Severity.WARNING,
    check=_check,
    why="Where a cluster is named, the other conditions are not looked at.",
    fix="Write name alone, or the others without it.",
)
