"""Istio does not accept the object.

What it means
The API server or Istio's webhook answers with an error. What was there before stays, and the change does not arrive.

How we know
The text is no YAML, a field is unknown to the release or has a wrong type, or a rule of Istio's validation is broken.
It is what `unstale validate` says. Where a rule of its own tells the same better, it is told there.

What to do
Correct the place that is named.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}
      timeout: 5s

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS
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
    for problem in view.manifests.warnings:
        if problem.severity is Gravity.ERROR:
            yield Hit(origin=problem.origin, message=problem.what, fix=problem.allowed)


RULE = Rule(
    code="UNS001",
    severity=Severity.ERROR,
    check=_check,
    others=("IST0106", "KIA1103"),
    why="The API server or Istio's webhook rejects the object, so the change does not arrive.",
    fix="Correct it as the message says.",
)
