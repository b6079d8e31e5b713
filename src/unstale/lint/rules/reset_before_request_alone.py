"""The retry covers only connections that break before anything was sent.

What it means
`reset-before-request` fires only if no byte of the request had left. When the server closes an idle connection just as
the next request goes out, the bytes are usually gone already, and the request fails with 503 UC.

How we know
`retryOn` has `reset-before-request` and none of `reset`, `gateway-error` and `5xx`, and the route admits methods that
may be repeated. In the lab `reset-before-request` alone rescued none of the requests whose connection was cut.

What to do
Use `reset` for GET, HEAD, OPTIONS, PUT and DELETE; keep `reset-before-request` for POST and PATCH.

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
      - retries: {attempts: 3, retryOn: "connect-failure,reset-before-request"}
        route: [{destination: {host: api.example.com}}]

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
      - match: [{method: {regex: "GET|HEAD|OPTIONS|PUT|DELETE"}}]
        retries: {attempts: 3, retryOn: "connect-failure,reset"}
        route: [{destination: {host: api.example.com}}]
      - retries: {attempts: 3, retryOn: "connect-failure,reset-before-request"}
        route: [{destination: {host: api.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.route import AFTER_SENDING, REPEATABLE
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for route in view.external_routes:
        if "reset-before-request" in route.tokens and not AFTER_SENDING & route.tokens and REPEATABLE & route.methods:
            message = f"requests to {route.names} are retried only while nothing of them was sent"
            yield Hit(origin=route.retry_place, message=message)


RULE = Rule(
    code="UNS103",
    severity=Severity.WARNING,
    check=_check,
    scenario="rotation-sudden",
    why="When an idle connection is closed under a request, its bytes have usually left already.",
    fix="Use reset where the method may be repeated; keep reset-before-request for POST and PATCH.",
)
