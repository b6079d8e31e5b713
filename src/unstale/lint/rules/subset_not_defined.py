"""A rule sends requests to a subset that no DestinationRule defines.

What it means
The cluster of that subset does not exist, and every request that the rule takes ends with 503 NC.

How we know
These files have DestinationRules for the host, or its ServiceEntry, and no rule that the VirtualService's namespace
finds has a subset of that name.

What to do
Define the subset, or correct its name.

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
      - route: [{destination: {host: reviews, subset: v3}}]
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: reviews
      namespace: shop
    spec:
      host: reviews
      subsets: [{name: v1, labels: {version: v1}}]

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
      - route: [{destination: {host: reviews, subset: v1}}]
    ---
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

from unstale.envoy.host import fqdn
from unstale.istio.destination_rule import DestinationRule
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.route import rules_of
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for spec in view.virtual_services:
        for rule in rules_of(spec):
            for split in rule.route:
                name = split.destination.subset
                host = fqdn(split.destination.host, spec.metadata.namespace)
                if not name:
                    continue
                rules = _rules(host, view)
                if (rules or view.is_known(host)) and not any(s.name == name for one in rules for s in one.subsets):
                    message = f"no DestinationRule for {host} has a subset {name}"
                    yield Hit(origin=origin_of(split.destination, "subset"), message=message)


def _rules(host: str, view: View) -> list[DestinationRule]:
    """Those for the host, of whatever namespace, and those for wildcards around it."""
    around = [rule for rules in view.rules_around(host) for rule in rules]
    return [*view.destination_rules_by_host.get(host, ()), *around]


RULE = Rule(
    code="UNS536",
    severity=Severity.ERROR,
    check=_check,
    others=("IST0101", "KIA1107"),
    why="The cluster of the subset does not exist: 503 NC.",
    fix="Define the subset in the host's DestinationRule, or correct its name.",
)
