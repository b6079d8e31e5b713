"""A status code in retryOn does not mean the 503 that Envoy itself answers.

What it means
`retryOn: "503"` repeats a request when the server *answered* 503. When the connection breaks, Envoy makes a 503 of its
own, and no status code in the list matches that one.

How we know
`retryOn` has a status code (or `retriable-status-codes`) and none of `reset`, `gateway-error` and `5xx`. In the lab a
retry on 503 repeated the server's own 503 and none of the broken connections.

What to do
Add `reset`. Keep the code only if the server's own 503 shall be repeated too.

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
      - retries: {attempts: 3, retryOn: "503"}
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
      - match: [{method: {exact: GET}}]
        retries: {attempts: 3, retryOn: "503,reset"}
        route: [{destination: {host: api.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.route import AFTER_SENDING, REPEATABLE, Route
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for route in view.external_routes:
        if route.retries is None or not route.retries.retry_on or AFTER_SENDING & route.tokens:
            continue
        codes = _codes(route)
        if codes and REPEATABLE & route.methods:
            message = f"retryOn {codes} for {route.names} means answers of the server only"
            yield Hit(origin=route.retry_place, message=message)


def _codes(route: Route) -> str:
    """The codes as they are written, or the word for those of a header."""
    if route.policy is None:
        return ""
    found = route.policy.get("retriable_status_codes", ())
    return ",".join(map(str, found)) or ("retriable-status-codes" if "retriable-status-codes" in route.tokens else "")


RULE = Rule(
    code="UNS102",
    severity=Severity.ERROR,
    check=_check,
    scenario="rotation-sudden",
    why="Status codes match what the server answered; the 503 of a broken connection is Envoy's own.",
    fix='Add reset: retryOn "503,connect-failure,refused-stream,reset".',
)
