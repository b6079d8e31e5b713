"""A subset has no labels, so it is the whole host under another name.

What it means
It selects all endpoints. That is right where a subset exists only for its policy, and a mistake where versions were to
be told apart.

How we know
The subset has neither `labels` nor a `trafficPolicy` of its own.

What to do
Write `labels`, or take the subset out.

Bad:

    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: reviews
      namespace: shop
    spec:
      host: reviews
      subsets: [{name: v1}]

Good:

    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: reviews
      namespace: shop
    spec:
      host: reviews
      subsets: [{name: v1, labels: {version: v1}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for rule in view.manifests.destination_rules:
        for subset in rule.subsets:
            if not subset.labels and subset.traffic_policy is None:
                yield Hit(origin=subset.origin, message=f"subset {subset.name} of {rule.host} has no labels")


RULE = Rule(
    code="UNS540",
    severity=Severity.INFORMATION,
    check=_check,
    others=("KIA0209",),
    why="It selects all endpoints of the host, as if it were not there.",
    fix="Write labels, or take the subset out.",
)
