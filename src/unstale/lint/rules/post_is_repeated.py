"""A POST or PATCH may run twice.

What it means
`5xx` and `gateway-error` repeat a request after every such *answer* and after every broken connection, whether or not
the server has done its work already. An order is placed twice, and a server in trouble gets several times the load.

How we know
`retryOn` has `5xx` or `gateway-error` (or `reset`, which repeats after a cut too) on a route that POST or PATCH can
take: it has no condition on the method that leaves them out, and no rule before it takes them away.

What to do
Split the route by method. GET, HEAD, OPTIONS, PUT and DELETE may be repeated after a `reset`; POST and PATCH only where
nothing was sent: `connect-failure,refused-stream,reset-before-request`. With an idempotency key, say so in a comment:
`# unstale: ignore=UNS104 the server knows the idempotency key`.

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
      - timeout: 30s
        retries: {attempts: 3, perTryTimeout: 2s, retryOn: "gateway-error,connect-failure,refused-stream,5xx"}
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
      - match: [{method: {regex: GET|HEAD|OPTIONS|PUT|DELETE}}]
        retries: {attempts: 3, retryOn: "connect-failure,refused-stream,reset"}
        route: [{destination: {host: api.example.com}}]
      - retries: {attempts: 3, retryOn: "connect-failure,refused-stream,reset-before-request"}
        route: [{destination: {host: api.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.route import AFTER_SENDING, ONCE_ONLY
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for route in view.external_routes:
        repeats = sorted(AFTER_SENDING & route.tokens)
        methods = sorted(ONCE_ONLY & route.methods, reverse=True)
        if repeats and methods:
            message = f"{' and '.join(methods)} to {route.names} may run twice: retryOn has {', '.join(repeats)}"
            yield Hit(origin=route.retry_place, message=message)


RULE = Rule(
    code="UNS104",
    severity=Severity.WARNING,
    check=_check,
    scenario="own-503",
    why="The request is sent again although the server may have run it already, and a failing server gets more load.",
    fix=(
        "Split the route by method: reset for GET, HEAD, OPTIONS, PUT and DELETE; for the rest "
        "connect-failure,refused-stream,reset-before-request."
    ),
)
