"""Connections of a host that is looked up on the way outlive its address.

What it means
With DYNAMIC_DNS Envoy looks a name up when it is called and keeps the connections it has, also when a later look-up
gives another address. A busy connection stays with the old one until it breaks.

How we know
The resolution is DYNAMIC_DNS, and neither `maxConnectionDuration` nor an idle time-out ends connections.

What to do
Write both in a DestinationRule for the wildcard.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: all
      namespace: shop
    spec:
      hosts:
      - "*.example.com"
      location: MESH_EXTERNAL
      resolution: DYNAMIC_DNS
      ports:
      - {number: 443, name: tls, protocol: TLS}

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: all
      namespace: shop
    spec:
      hosts:
      - "*.example.com"
      location: MESH_EXTERNAL
      resolution: DYNAMIC_DNS
      ports:
      - {number: 443, name: tls, protocol: TLS}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: all
      namespace: shop
    spec:
      host: "*.example.com"
      trafficPolicy:
        connectionPool:
          tcp: {maxConnectionDuration: 300s, idleTimeout: 50s}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.policy import Policy
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    if not view.release.looks_up_wildcards:
        return
    for port, hosts in by_port(port for port in view.external_ports if port.is_dynamic and port.is_first):
        if not any(_is_limited(policy) for policy in view.policies(port)):
            message = f"connections to {hosts} are kept when the address of a name changes"
            yield Hit(origin=port.resolution_place, message=message)


def _is_limited(policy: Policy) -> bool:
    return any((policy.tcp.max_connection_duration, policy.tcp.idle_timeout, policy.http.idle_timeout))


RULE = Rule(
    code="UNS310",
    severity=Severity.WARNING,
    check=_check,
    why="Envoy does not drain connections of such hosts when DNS moves.",
    fix="Write maxConnectionDuration and idleTimeout in a DestinationRule for the wildcard.",
)
