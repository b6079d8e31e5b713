"""The route has no time-out at all.

What it means
Envoy's own default is 15 s, but Istio switches it off: without `timeout` a request may wait for ever.

How we know
The rule leads to an external host and has no `timeout`, or `timeout: 0s`, and no `perTryTimeout` either. The compiled
route says `timeout: 0s`.

What to do
Write the longest time that a caller waits for.

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
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      http:
      - route: [{destination: {host: api.example.com}}]

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
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      http:
      - timeout: 30s
        route: [{destination: {host: api.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for route in view.external_routes:
        if not route.timeout_s and not route.try_s:
            yield Hit(origin=route.rule.origin, message=f"requests to {route.names} have no time-out")


RULE = Rule(
    code="UNS108",
    severity=Severity.INFORMATION,
    check=_check,
    why="Istio switches Envoy's default of 15 s off, so a request without an answer waits for ever.",
    fix="Write timeout, the longest time that a caller waits.",
)
