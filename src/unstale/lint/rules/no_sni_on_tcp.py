"""TLS is originated on a TCP port without a server name.

What it means
Without `sni` Envoy takes the name from the request, and a TCP port has no requests. The handshake carries no server
name, and a server with several certificates answers with the wrong one or none.

How we know
`tls` with mode SIMPLE or MUTUAL holds on a port with protocol TCP (or another that is neither HTTP nor TLS), and `sni`
is empty.

What to do
Write `sni`.

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
      addresses: [192.0.2.10]
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: db
      namespace: shop
    spec:
      host: db.example.com
      trafficPolicy: {tls: {mode: SIMPLE}}

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
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: db
      namespace: shop
    spec:
      host: db.example.com
      trafficPolicy: {tls: {mode: SIMPLE, sni: db.example.com, subjectAltNames: [db.example.com]}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    ports = [port for port in view.external_opaque if not port.protocol.is_tls]
    for port, hosts in by_port(ports):
        for policy in view.policies(port):
            if policy.tls is not None and not policy.tls.sni:
                message = f"TLS to {hosts}, port {port.number} ({port.port.protocol}), has no server name"
                yield Hit(origin=policy.tls.origin, message=message)


RULE = Rule(
    code="UNS206",
    severity=Severity.WARNING,
    check=_check,
    why="Envoy takes the name from requests, and there are none on a TCP port.",
    fix="Write sni.",
)
