"""The sidecar wraps TLS around what is encrypted already.

What it means
The application speaks TLS to port 443, and the DestinationRule makes the sidecar originate TLS on top of it. The server
gets a handshake inside of a handshake and closes the connection.

How we know
`tls` with mode SIMPLE or MUTUAL holds on a port with protocol HTTPS or TLS, and no rule sends plain requests to that
port (as with an egress gateway, or from port 80).

What to do
Put `tls` under `portLevelSettings` of the plain port.

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
      - {number: 443, name: https, protocol: HTTPS}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy:
        tls: {mode: SIMPLE, sni: api.example.com, subjectAltNames: [api.example.com]}

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
      - {number: 443, name: https, protocol: HTTPS}
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

from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for port, hosts in by_port(port for port in view.external_ports if port.protocol.is_tls):
        if port.service.is_passthrough and port.key.startswith("*"):
            continue
        for policy in view.policies(port):
            if policy.tls is not None and (port.key, port.number) not in view.plain_requests:
                message = f"TLS is originated on port {port.number} of {hosts}, whose applications encrypt already"
                yield Hit(origin=policy.tls.origin, message=message)


RULE = Rule(
    code="UNS203",
    severity=Severity.ERROR,
    check=_check,
    why="The server gets TLS inside of TLS and closes the connection.",
    fix="Move tls to portLevelSettings of the port that is called without TLS.",
)
