"""The certificates of the mesh are shown to a server outside of it.

What it means
`ISTIO_MUTUAL` presents the pod's own certificate and expects one of the mesh in return. A server outside has none, so
the handshake fails and every request ends with 503 UF.

How we know
`tls.mode: ISTIO_MUTUAL` holds for a host whose ServiceEntry is MESH_EXTERNAL (or has no location), and none of its
endpoints has a service account.

What to do
Use SIMPLE, or MUTUAL with the certificate that the server knows. If the server is part of the mesh, write
`location: MESH_INTERNAL`.

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
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}

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
      trafficPolicy: {tls: {mode: SIMPLE, sni: api.example.com, subjectAltNames: [api.example.com]}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.destination_rule import TLSmode
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for port, hosts in by_port(view.external_ports):
        if any(endpoint.service_account for endpoint in port.entry.endpoints) or port.entry.workload_selector:
            continue
        for policy in view.policies(port):
            if policy.tls is not None and policy.tls.mode is TLSmode.ISTIO_MUTUAL:
                message = f"{hosts} is outside of the mesh, but ISTIO_MUTUAL expects a certificate of the mesh"
                yield Hit(origin=origin_of(policy.tls, "mode"), message=message)


RULE = Rule(
    code="UNS213",
    severity=Severity.ERROR,
    check=_check,
    why="The server has no certificate of the mesh, so every handshake fails: 503 UF.",
    fix="Write mode SIMPLE, or location: MESH_INTERNAL if the server is part of the mesh.",
)
