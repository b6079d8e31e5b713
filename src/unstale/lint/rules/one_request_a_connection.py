"""Every request opens a connection of its own.

What it means
`maxRequestsPerConnection: 1` does end stale connections, at the price of a handshake for each request, and of the
pod's ports: some 28,000 of them, each blocked for a minute after use.

How we know
It holds for an external host.

What to do
Limit the age instead: `maxConnectionDuration` and `idleTimeout`.

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
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {http: {maxRequestsPerConnection: 1}}}

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
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {http: {idleTimeout: 50s}, tcp: {maxConnectionDuration: 300s}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for port, hosts in by_port(view.request_ports):
        for policy in view.policies(port):
            if policy.http.max_requests_per_connection == 1:
                message = f"each request to {hosts} opens a connection of its own"
                yield Hit(origin=origin_of(policy.http, "max_requests_per_connection"), message=message)


RULE = Rule(
    code="UNS407",
    severity=Severity.WARNING,
    check=_check,
    why="Each request pays for a handshake and uses up a port of the pod for a minute.",
    fix="Write maxConnectionDuration: 300s and idleTimeout: 50s instead.",
)
