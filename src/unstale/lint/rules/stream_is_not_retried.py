"""A stream that has begun is not retried.

What it means
Retries end with the first byte of the answer. A gRPC stream or a WebSocket that breaks later is the application's to
open again, and after the connection is drained by an age limit it must do so.

How we know
The route leads to a port with protocol GRPC, GRPC-Web or HTTP2, or it matches `Upgrade: websocket`, and has retries of
its own.

What to do
Let the application reopen its streams, with a backoff.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: grpc
      namespace: shop
    spec:
      hosts:
      - grpc.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 443, name: grpc, protocol: GRPC}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: grpc
      namespace: shop
    spec:
      hosts:
      - grpc.example.com
      http:
      - retries: {attempts: 3, perTryTimeout: 2s, retryOn: "unavailable,reset"}
        route: [{destination: {host: grpc.example.com}}]

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: grpc
      namespace: shop
    spec:
      hosts:
      - grpc.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 443, name: grpc, protocol: GRPC}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: grpc
      namespace: shop
    spec:
      hosts:
      - grpc.example.com
      http:
      - route: [{destination: {host: grpc.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.route import Route, Target
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for route in view.external_routes:
        if not route.has_own_retries or route.policy is None:
            continue
        streams = [target.host for target in route.external if _speaks_streams(target)]
        if streams:
            message = f"retries to {', '.join(streams)} hold until the first answer, not for a stream that has begun"
            yield Hit(origin=route.retries_place, message=message)
        elif _is_websocket(route):
            message = f"retries to {route.names} do not hold for a WebSocket that is open"
            yield Hit(origin=route.retries_place, message=message)


def _speaks_streams(target: Target) -> bool:
    ports = [target.port] if target.port else (target.service.ports if target.service else ())
    return any(port.protocol.is_http2 for port in ports)


def _is_websocket(route: Route) -> bool:
    for match in route.rule.match:
        for name, wanted in match.headers.items():
            text = wanted.exact or wanted.prefix or wanted.regex or ""
            if name.lower() == "upgrade" and "websocket" in text.lower():
                return True
    return False


RULE = Rule(
    code="UNS119",
    severity=Severity.INFORMATION,
    check=_check,
    why="Envoy retries until the first byte of an answer; what breaks later the application must open again.",
    fix="Reopen streams in the application, with a backoff.",
)
