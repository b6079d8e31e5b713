"""A request on a connection that a firewall dropped silently waits without end.

What it means
A firewall that forgets a connection and drops its packets sends no reset. Envoy sees nothing, so `reset` has nothing to
retry on, and the request hangs until the route's time-out, which Istio leaves out by default.

How we know
`retryOn` has `reset` (or `5xx`, `gateway-error`), the route has no `perTryTimeout`, and one of the two that would bound
the wait is missing too: a `timeout` of the route, and `tcpKeepalive` in the DestinationRule, which finds a dead idle
connection before it is used.

What to do
Set `perTryTimeout` above what a slow answer takes, or both a `timeout` and `tcpKeepalive`.

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
      - match: [{method: {exact: GET}}]
        retries: {attempts: 3, retryOn: "connect-failure,reset"}
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
        timeout: 30s
        retries: {attempts: 3, perTryTimeout: 5s, retryOn: "connect-failure,reset"}
        route: [{destination: {host: api.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.route import AFTER_SENDING, Route
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for route in view.external_routes:
        if not AFTER_SENDING & route.tokens or route.try_s:
            continue
        if route.timeout_s and _keeps_alive(route, view):
            continue
        waits = f"{route.timeout_s:g} s" if route.timeout_s else "for ever"
        message = f"retries to {route.names} have no perTryTimeout, so a request on a dropped connection waits {waits}"
        yield Hit(origin=route.retries_place, message=message)


def _keeps_alive(route: Route, view: View) -> bool:
    """Dead idle connections are found: every port that the route may lead to probes them."""
    if view.settings.tcp_keepalive is not None:
        return True
    for target in route.external:
        service = target.service
        assert service is not None
        numbers = [target.port.number] if target.port else [port.number for port in service.ports]
        for number in numbers:
            viewer = view.namespace(route.spec.metadata.namespace)
            if view.policy(service, number, view.rules_for(viewer).find(service)).tcp.tcp_keepalive is None:
                return False
    return True


RULE = Rule(
    code="UNS105",
    severity=Severity.WARNING,
    check=_check,
    scenario="nat-forgets",
    why="A dropped packet is no reset: nothing is retried before a time-out, and by default there is none.",
    fix="Set perTryTimeout above the slowest answer, or timeout and tcpKeepalive (time 30s, interval 10s, probes 3).",
)
