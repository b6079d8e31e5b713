"""A TCP host without an address takes all traffic of its port.

What it means
Plain TCP names no host. Without `addresses` the listener matches every destination on that port, so calls to any other
host there go to this one.

How we know
The port has protocol TCP (or MySQL, Mongo, Redis) and the ServiceEntry has no `addresses`. Pods with DNS capture get an
address from the mesh; whether these have it cannot be told from the manifests.

What to do
Write `addresses`, or protocol TLS if the connections carry a server name.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: db
      namespace: shop
    spec:
      hosts:
      - db.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 5432, name: tcp-5432, protocol: TCP}

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: db
      namespace: shop
    spec:
      hosts:
      - db.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 5432, name: tcp-5432, protocol: TCP}
      addresses: [192.0.2.10]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    ports = [port for port in view.ports if port.protocol.is_tcp and not port.protocol.is_tls]
    for port, hosts in by_port(port for port in ports if not port.entry.addresses and not port.service.has_address):
        message = f"{hosts} takes every connection to port {port.number}, for it has no address"
        yield Hit(origin=port.port_place, message=message)


RULE = Rule(
    code="UNS210",
    severity=Severity.WARNING,
    check=_check,
    others=("IST0134",),
    why="TCP names no host, so connections to all other hosts on this port end here too.",
    fix="Write addresses, or protocol TLS if the connections carry a server name.",
)
