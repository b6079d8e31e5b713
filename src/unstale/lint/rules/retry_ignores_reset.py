"""A connection that breaks after the request was sent is never tried again.

What it means
Envoy answers 503 with `UC` and "connection termination" as soon as an idle connection turns out to be dead, although a
second try on a new connection would have worked. Istio's default retries cover only what never reached the server.

How we know
`retryOn` of the route, or the default if it has none, contains none of `reset`, `gateway-error` and `5xx`. Only these
three repeat a request whose connection was cut after sending, or whose try timed out; measured with Envoy 1.36, 1.38
and 1.40. Routes that no GET, HEAD, OPTIONS, PUT or DELETE can take are left alone, and so are ports with protocol
GRPC, whose requests are POSTs: repeating a POST is another risk.

What to do
Add `reset` for the methods that may be repeated, and a backoff that outlasts a DNS refresh.

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
      - retries: {attempts: 3, retryOn: "connect-failure,refused-stream"}
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
        retries: {attempts: 3, backoff: 100ms, retryOn: "connect-failure,refused-stream,reset"}
        route: [{destination: {host: api.example.com}}]
      - retries: {attempts: 3, retryOn: "connect-failure,refused-stream,reset-before-request"}
        route: [{destination: {host: api.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.route import AFTER_SENDING, GRPC, REPEATABLE
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for route in view.external_routes:
        if AFTER_SENDING & route.tokens or not REPEATABLE & route.methods:
            continue
        told = _told(route.tokens) if route.policy else "nothing is retried"
        yield Hit(origin=route.retry_place, message=f"requests to {route.names}: {told}")
    if not AFTER_SENDING & _default_tokens(view):
        for port, hosts in by_port(port for port in view.default_ports if port.protocol not in GRPC):
            told = f"follow no VirtualService, so the default retries hold{view.unless_mesh}"
            message = f"requests to {hosts}, port {port.number}, {told}"
            yield Hit(origin=port.port_place, message=message)


def _told(tokens: frozenset[str]) -> str:
    return f"retryOn ({','.join(sorted(tokens))}) does not cover a reset"


def _default_tokens(view: View) -> frozenset[str]:
    policy = view.settings.default_http_retry_policy
    return frozenset((policy.retry_on or "").replace(" ", "").split(",")) if policy else frozenset()


RULE = Rule(
    code="UNS101",
    severity=Severity.ERROR,
    check=_check,
    scenario="rotation-sudden",
    why="A connection that the other side has closed breaks with the request on it, and no second try is made: 503 UC.",
    fix='Write retries with retryOn "connect-failure,refused-stream,reset" for GET, HEAD, OPTIONS, PUT and DELETE.',
)
