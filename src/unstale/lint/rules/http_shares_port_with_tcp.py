"""HTTP and TCP hosts share a port, so every connection there is inspected.

What it means
Where one host speaks HTTP on a port and another plain TCP, Istio merges both into one listener that looks at the first
bytes of each connection. A server-first protocol stalls there, and HTTP that cannot be told passes as TCP.

How we know
Two external hosts that one namespace sees have the same port number, one with an HTTP protocol and one with TCP and
without an address of its own. Under REGISTRY_ONLY nothing else can use the port, and nothing is told.

What to do
Give the TCP host an address, or one of them another port.

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
      - {number: 8080, name: http-8080, protocol: HTTP}
    ---
    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: queue
      namespace: shop
    spec:
      hosts:
      - queue.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 8080, name: tcp-8080, protocol: TCP}

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
      - {number: 8080, name: http-8080, protocol: HTTP}
    ---
    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: queue
      namespace: shop
    spec:
      hosts:
      - queue.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 8080, name: tcp-8080, protocol: TCP}
      addresses: [192.0.2.20]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.host_port import HostPort, by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    if view.has_mesh and view.settings.outbound_traffic_policy.mode == "REGISTRY_ONLY":
        return
    plain: dict[int, HostPort] = {}
    for port in view.external_http:
        plain.setdefault(port.number, port)
    ports = (port for port in view.external_opaque if not port.protocol.is_tls and not port.entry.addresses)
    for port, hosts in by_port(ports):
        other = plain.get(port.number)
        if other is not None and other.key != port.key and view.meet(other.service, port.service):
            message = f"port {port.number} is HTTP for {other.host} and {port.port.protocol} for {hosts}"
            yield Hit(origin=port.port_place, message=message)


RULE = Rule(
    code="UNS211",
    severity=Severity.WARNING,
    check=_check,
    why="The listener has to find out the protocol of every connection from its first bytes.",
    fix="Give the TCP host addresses, or a port of its own.",
)
