"""Connections to an external host are kept without limit.

What it means
Without a rule Envoy keeps an idle connection for an hour and a busy one for ever. The server, its load balancer or a
firewall gives up earlier, and the next request on that connection fails.

How we know
On an HTTP port of an external host neither `maxConnectionDuration` nor an idle time-out is set: not in the
DestinationRule that holds there, nor by the mesh's default.

What to do
Write `maxConnectionDuration` (at most 0.8 of what a firewall or load balancer allows) and `idleTimeout` below the
server's (for instance 50 s where it closes after 60 s).

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
      trafficPolicy:
        connectionPool:
          tcp: {connectTimeout: 1s, maxConnectionDuration: 300s}
          http: {idleTimeout: 50s}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.destination_rule import ConnectionPoolSettings, HTTPSettings, TCPSettings
from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.policy import Policy
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    unlimited = (port for port in view.request_ports if not all(_is_limited(one) for one in view.policies(port)))
    for port, hosts in by_port(unlimited):
        place = next((policy.place for policy in view.policies(port) if not _is_limited(policy)), None)
        message = f"connections to {hosts}, port {port.number}, are kept for an hour when idle and for ever when busy"
        yield Hit(origin=place or port.port_place, message=message)


def _is_limited(policy: Policy) -> bool:
    own = policy.pool is not None and _limits(policy.pool)
    return own or any(_limits(pool) for pool in policy.subset_pools)


def _limits(pool: ConnectionPoolSettings) -> bool:
    tcp, http = pool.tcp or TCPSettings(), pool.http or HTTPSettings()
    limits = (tcp.max_connection_duration, tcp.idle_timeout, http.idle_timeout)
    return any(limit is not None for limit in limits) or http.max_requests_per_connection == 1


RULE = Rule(
    code="UNS401",
    severity=Severity.WARNING,
    check=_check,
    scenario="idle-race",
    why="Servers and firewalls give connections up earlier, and the next request on one fails with 503 UC.",
    fix="Write a DestinationRule with maxConnectionDuration: 300s and idleTimeout: 50s, below the server's own limits.",
)
