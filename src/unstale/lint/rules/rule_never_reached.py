"""A rule stands behind one that takes everything.

What it means
Envoy takes the first rule that matches. What stands behind a rule without conditions, or behind one with the same
conditions, is never used.

How we know
An earlier rule has no `match`, or one that every request fulfils (`prefix: /`, `regex: .*`), or covers this match.

What to do
Put the rule with the narrower conditions first.

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
      - route: [{destination: {host: reviews}}]
      - match: [{uri: {prefix: /slow}}]
        timeout: 9s
        route: [{destination: {host: reviews}}]

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
      - match: [{uri: {prefix: /slow}}]
        timeout: 9s
        route: [{destination: {host: reviews}}]
      - route: [{destination: {host: reviews}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.route_match import is_catch_all, route_match
from unstale.istio.faults import Faults
from unstale.istio.validation.unreachable import check_reachable
from unstale.istio.virtual_service import HTTPRoute, VirtualService
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for spec in view.manifests.virtual_services:
        if len(spec.http) + len(spec.tls) + len(spec.tcp) < 2 and not any(len(rule.match) > 1 for rule in spec.http):
            continue
        faults = Faults()
        check_reachable(spec, faults, view.release.minor)
        told = set()
        for problem in faults.problems:
            told.add(problem.origin)
            yield Hit(origin=problem.origin, message=problem.what, fix=problem.allowed)
        for hit in _behind_everything(spec):
            if hit.origin not in told:
                yield hit


def _behind_everything(spec: VirtualService) -> Iterator[Hit]:
    """Rules behind a match that every request fulfils on every port and in every pod."""
    first = next((rule for rule in spec.http if any(_takes_all(rule))), None)
    if first is None:
        return
    for rule in spec.http[spec.http.index(first) + 1 :]:
        message = f"rule is never used: the one in line {first.origin.line} takes everything"
        yield Hit(origin=rule.origin, message=message)


def _takes_all(rule: HTTPRoute) -> Iterator[bool]:
    for match in rule.match:
        limits = (match.port, match.source_labels, match.source_namespace, match.gateways)
        yield is_catch_all(route_match(match)) and not any(limits)


RULE = Rule(
    code="UNS511",
    severity=Severity.WARNING,
    check=_check,
    others=("IST0130", "IST0131"),
    why="Envoy takes the first rule that matches, so this one is never used.",
    fix="Put the rule with the narrower conditions first.",
)
