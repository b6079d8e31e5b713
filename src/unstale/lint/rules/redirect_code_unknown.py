"""Envoy does not know this status for a redirect and refuses the routes.

What it means
Istio sends a route without an action, Envoy refuses the whole route configuration, and from then on no change of routes
arrives: new hosts, time-outs and removals alike.

How we know
`redirectCode` is none of 301, 302, 303, 307 and 308.

What to do
Write one of those.

Bad:

    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: old
      namespace: shop
    spec:
      hosts:
      - old.example.com
      http:
      - redirect: {authority: new.example.com, redirectCode: 300}

Good:

    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: old
      namespace: shop
    spec:
      hosts:
      - old.example.com
      http:
      - redirect: {authority: new.example.com, redirectCode: 308}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.local_answer import is_known_redirect
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for spec in view.manifests.virtual_services:
        for rule in spec.http:
            if rule.redirect is not None and not is_known_redirect(rule.redirect.redirect_code):
                message = f"redirectCode {rule.redirect.redirect_code} makes Envoy refuse all routes"
                yield Hit(origin=origin_of(rule.redirect, "redirect_code"), message=message)


RULE = Rule(
    code="UNS523",
    severity=Severity.ERROR,
    check=_check,
    why="Envoy refuses the update, and no later change of routes arrives.",
    fix="Write 301, 302, 303, 307 or 308.",
)
