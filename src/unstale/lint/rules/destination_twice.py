"""A split names the same destination twice.

What it means
The two shares add up, so the split is not what it looks like. Usually a subset was meant to differ.

How we know
Two destinations of one rule have the same host, subset and port.

What to do
Correct one of them, or add the weights up.

Bad:

    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: reviews
      namespace: shop
    spec:
      hosts:
      - reviews
      http:
      - route:
        - {destination: {host: reviews, subset: v1}, weight: 90}
        - {destination: {host: reviews, subset: v1}, weight: 10}

Good:

    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: reviews
      namespace: shop
    spec:
      hosts:
      - reviews
      http:
      - route:
        - {destination: {host: reviews, subset: v1}, weight: 90}
        - {destination: {host: reviews, subset: v2}, weight: 10}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.host import fqdn
from unstale.lint.finding import Severity
from unstale.lint.route import rules_of
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for spec in view.manifests.virtual_services:
        for rule in rules_of(spec):
            seen: set[tuple[str, str, int]] = set()
            for split in rule.route:
                where = split.destination
                key = (fqdn(where.host, spec.metadata.namespace), where.subset or "", where.port or 0)
                if key in seen:
                    told = f"{where.host}, subset {where.subset}" if where.subset else where.host
                    yield Hit(origin=split.origin, message=f"the split names {told} twice")
                seen.add(key)


RULE = Rule(
    code="UNS543",
    severity=Severity.WARNING,
    check=_check,
    others=("KIA1105",),
    why="The shares of both add up.",
    fix="Correct one of the two, or add their weights up.",
)
