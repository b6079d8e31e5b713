"""An Envoy error that an https:// application sees comes from another Envoy.

What it means
The sidecar passes https:// on unread and cannot write a body into it. Where an application that speaks TLS reads
"upstream connect error ... connection termination", a gateway further on wrote it, and its log has the line.

How we know
The host has a port that passes unread, and a VirtualService on a gateway has `http` rules for it: the gateway ends TLS,
so its Envoy answers.

What to do
Look into the gateway's access log, and put retries and limits where the gateway uses them.

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
      - {number: 443, name: https, protocol: HTTPS}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      gateways: [istio-egressgateway]
      http:
      - route: [{destination: {host: api.example.com, port: {number: 443}}}]

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
      - {number: 443, name: https, protocol: HTTPS}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.host import fqdn
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View, is_for_mesh


def _check(view: View) -> Iterator[Hit]:
    for spec in view.virtual_services:
        if not spec.http or is_for_mesh(spec):
            continue
        for host in spec.hosts:
            ports = view.entries_by_host.get(fqdn(host, spec.metadata.namespace), [])
            if any(port.is_external and port.protocol.is_tls for port in ports):
                message = f"errors that https:// callers of {host} read come from {', '.join(spec.gateways)}"
                yield Hit(origin=origin_of(spec, "gateways"), message=message)


RULE = Rule(
    code="UNS212",
    severity=Severity.INFORMATION,
    check=_check,
    why="The sidecar cannot write into TLS that it passes on; the gateway that ends TLS can.",
    fix="Look into the gateway's log, and put retries where the gateway uses them.",
)
