"""The protocol of a port is left to be found out.

What it means
Envoy looks at the first bytes of each connection. A protocol where the server speaks first stalls, the port has virtual
hosts of its own kind, and a host without an address cannot be told from others on the same port.

How we know
The port of an external host has no `protocol`, or one that Istio does not know.

What to do
Write HTTP, HTTPS, TLS, GRPC or TCP.

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
      - {number: 80, name: any}

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
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for port, hosts in by_port(port for port in view.external_ports if port.protocol.is_sniffed):
        told = f"an unknown protocol ({port.port.protocol})" if port.port.protocol else "no protocol"
        yield Hit(origin=port.port_place, message=f"port {port.number} of {hosts} has {told}")


RULE = Rule(
    code="UNS208",
    severity=Severity.WARNING,
    check=_check,
    why="Envoy guesses from the first bytes: server-first protocols stall, and routes are named otherwise.",
    fix="Write protocol: HTTP, HTTPS, TLS, GRPC or TCP.",
)
