"""The only destination has a weight.

What it means
All requests go there, whatever the weight says. A weight below 100 looks as if part of them went elsewhere.

How we know
The rule has one destination, whose `weight` is neither unset nor 0 nor 100.

What to do
Leave `weight` out.

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
      - route: [{destination: {host: reviews}, weight: 90}]

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
      - route: [{destination: {host: reviews}, weight: 100}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.route import rules_of
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for spec in view.manifests.virtual_services:
        for rule in rules_of(spec):
            if len(rule.route) == 1 and rule.route[0].weight not in (None, 0, 100):
                split = rule.route[0]
                message = f"all requests go to {split.destination.host}, not {split.weight} %"
                yield Hit(origin=origin_of(split, "weight"), message=message)


RULE = Rule(
    code="UNS542",
    severity=Severity.INFORMATION,
    check=_check,
    others=("KIA1104",),
    why="The weight of an only destination is not looked at.",
    fix="Leave weight out, or add the other destination.",
)
