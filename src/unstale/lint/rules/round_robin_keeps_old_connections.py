"""Connections to addresses that left DNS are kept.

What it means
With `DNS_ROUND_ROBIN` Envoy before 1.39 takes the first address of each answer for new connections and leaves the old
ones alone, so a busy connection stays with an address that DNS has given up, until it breaks.

How we know
The resolution is DNS_ROUND_ROBIN, no `maxConnectionDuration` ends old connections, and the release of Istio brings an
Envoy before 1.39 (Istio before 1.31). Measured: 1.36 to 1.38 keep the old connection, 1.39 and 1.40 move. istio/proxy
pins the Envoy of a release in its WORKSPACE: 1.30.0 that of May 2026, before Envoy 1.39.0 (July 14, 2026). From its
first day (July 27, 2026) its branch release-1.31 follows Envoy's release branch 1.39, and so does its go-control-plane.

What to do
Write `resolution: DNS`, or `maxConnectionDuration` in the DestinationRule.

Bad:

    # istio: 1.30
    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS_ROUND_ROBIN
      ports:
      - {number: 80, name: http, protocol: HTTP}

Good:

    # istio: 1.30
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
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.service_entry import Resolution
from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_DRAINS_SINCE = 31


def _check(view: View) -> Iterator[Hit]:
    if view.release.minor >= _DRAINS_SINCE:
        return
    ports = (port for port in view.external_ports if port.service.resolution is Resolution.DNS_ROUND_ROBIN)
    for port, hosts in by_port(ports):
        if all(policy.tcp.max_connection_duration is None for policy in view.policies(port)) and port.is_first:
            message = f"old connections to {hosts} are not drained when DNS moves"
            yield Hit(origin=port.resolution_place, message=message)


RULE = Rule(
    code="UNS304",
    severity=Severity.WARNING,
    check=_check,
    why="Before Envoy 1.39 a connection stays with its address until it breaks.",
    fix="Write resolution: DNS, or maxConnectionDuration in a DestinationRule.",
)
