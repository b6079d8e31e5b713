"""Plain HTTP is sent to a port that expects TLS.

What it means
The server answers "400 The plain HTTP request was sent to HTTPS port" or closes the connection, which shows as 503 UC.

How we know
An HTTP port has `targetPort: 443` (or 8443), or an HTTP rule leads to a port with protocol HTTPS or TLS, and no
DestinationRule originates TLS on the way.

What to do
Add a DestinationRule with `tls: {mode: SIMPLE}` for that port.

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
      - {number: 80, name: http, protocol: HTTP, targetPort: 443}

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
      - {number: 80, name: http, protocol: HTTP, targetPort: 443}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy:
        portLevelSettings:
        - port: {number: 80}
          tls: {mode: SIMPLE, sni: api.example.com, subjectAltNames: [api.example.com]}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_TLS_PORTS = frozenset({443, 8443})


def _check(view: View) -> Iterator[Hit]:
    ports = [port for port in view.request_ports if port.protocol.is_http and port.port.target_port in _TLS_PORTS]
    for port, hosts in by_port(port for port in ports if not any(policy.tls for policy in view.policies(port))):
        message = f"requests to {hosts}, port {port.number}, go to port {port.port.target_port} in plain text"
        yield Hit(origin=origin_of(port.port, "target_port"), message=message)
    yield from _routes(view)


def _routes(view: View) -> Iterator[Hit]:
    """Rules that send requests to a port of the host that is for TLS."""
    for route in view.external_routes:
        for target in route.external:
            if target.port is None or not target.port.protocol.is_tls or target.split.destination.port is None:
                continue
            found = view.entries_by_host.get(target.service.key if target.service else "", [])
            ports = [port for port in found if port.number == target.port.number]
            policies = [policy for port in ports for policy in view.policies(port)]
            if target.split.destination.subset is None and not any(policy.tls for policy in policies):
                message = f"requests go to port {target.port.number} of {target.host} in plain text"
                yield Hit(origin=origin_of(target.split.destination, "port"), message=message)


RULE = Rule(
    code="UNS204",
    severity=Severity.ERROR,
    check=_check,
    why="The server answers 400 or closes the connection: 503 UC.",
    fix="Add a DestinationRule with tls: {mode: SIMPLE} for the port.",
)
