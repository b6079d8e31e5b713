"""Envoy refuses a host that is looked up on the way without TLS.

What it means
For a DYNAMIC_DNS host on an HTTP port Istio makes a cluster whose options Envoy's own build refuses unless TLS is
originated. The update fails, and later changes of clusters do not arrive. Istio's build of Envoy may take it: verify.

How we know
The port has protocol HTTP, HTTP2 or GRPC, resolution DYNAMIC_DNS, and no DestinationRule originates TLS there.

What to do
Originate TLS in a DestinationRule for the wildcard, or use protocol TLS.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: all
      namespace: shop
    spec:
      hosts:
      - "*.example.com"
      location: MESH_EXTERNAL
      resolution: DYNAMIC_DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: all
      namespace: shop
    spec:
      hosts:
      - "*.example.com"
      location: MESH_EXTERNAL
      resolution: DYNAMIC_DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: all
      namespace: shop
    spec:
      host: "*.example.com"
      trafficPolicy: {tls: {mode: SIMPLE}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    if not view.release.looks_up_wildcards:
        return
    for port, hosts in by_port(port for port in view.external_http if port.is_dynamic):
        if not any(policy.tls for policy in view.policies(port)):
            message = f"{hosts}, port {port.number} ({port.port.protocol}), is looked up on the way without TLS"
            yield Hit(origin=port.port_place, message=message)


RULE = Rule(
    code="UNS532",
    severity=Severity.WARNING,
    check=_check,
    why="Stock Envoy refuses the cluster that Istio makes of it, and with it the whole update.",
    fix="Originate TLS in a DestinationRule, or declare protocol TLS. Verify on the proxy in use.",
)
