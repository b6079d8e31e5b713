"""The rules for an external host are on a gateway only.

What it means
Sidecars do not follow a VirtualService whose `gateways` leaves `mesh` out. On the way from the pod to the host, or to
the gateway, Istio's default retries hold and no time-out.

How we know
A VirtualService names an external host that has an HTTP port, its gateways do not contain `mesh`, and no other one for
sidecars is for that host.

What to do
Add `mesh` to `gateways`, with a rule that leads to the gateway if there is one.

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
      - {number: 80, name: http, protocol: HTTP}
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
      - timeout: 5s
        route: [{destination: {host: api.example.com}}]

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
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      gateways: [istio-egressgateway, mesh]
      http:
      - timeout: 5s
        route: [{destination: {host: api.example.com}}]
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
        if is_for_mesh(spec) or not spec.http:
            continue
        for name in spec.hosts:
            host = fqdn(name, spec.metadata.namespace)
            ports = view.entries_by_host.get(host, ())
            has_http = any(port.is_external and port.protocol.is_http for port in ports)
            if has_http and not view.virtual_services_for(host):
                message = f"sidecars do not follow these rules for {name}, only {', '.join(spec.gateways)} does"
                yield Hit(origin=origin_of(spec, "gateways"), message=message)


RULE = Rule(
    code="UNS510",
    severity=Severity.WARNING,
    check=_check,
    why="On the sidecar's hop the default retries hold, and no time-out.",
    fix="Add mesh to gateways.",
)
