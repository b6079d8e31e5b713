"""With Istio 1.31 connections of DNS_ROUND_ROBIN hosts begin to be drained.

What it means
Envoy 1.39, which comes with it, closes idle connections to an address as soon as the answer has another one. Where the
answer changes each time, as with many load balancers, that is at every refresh.

How we know
The resolution is DNS_ROUND_ROBIN and the release is 1.31, the first with this Envoy.

What to do
Nothing, if the connections may be renewed. Otherwise use `resolution: DNS`, which keeps those to all addresses that are
still in the answer.

Bad:

    # istio: 1.31
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

    # istio: 1.31
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
    if view.release.minor != _DRAINS_SINCE:
        return
    ports = (port for port in view.external_ports if port.service.resolution is Resolution.DNS_ROUND_ROBIN)
    for port, hosts in by_port(port for port in ports if port.is_first):
        message = f"connections to {hosts} are drained from Istio 1.31 on when the first address changes"
        yield Hit(origin=port.resolution_place, message=message)


RULE = Rule(
    code="UNS305",
    severity=Severity.INFORMATION,
    check=_check,
    why="Envoy 1.39 and newer drain what older ones kept; with answers in changing order that is often.",
    fix="Use resolution: DNS if connections shall stay while their address is in the answer.",
)
