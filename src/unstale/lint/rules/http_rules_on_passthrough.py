"""HTTP rules for a host that is called with TLS do nothing.

What it means
On a port with protocol HTTPS or TLS the sidecar sees encrypted bytes and the server name, no requests. Retries,
time-outs and headers of the VirtualService are never applied, and the access log has a TCP line only.

How we know
The VirtualService has `http` rules for the host, it has no `tls` rules, and the host's ServiceEntry has a port whose
bytes pass unread. A host whose HTTP port leads to another port of the server (TLS origination) is left alone, for its
applications are meant to call `http://`.

What to do
Let the sidecar originate TLS: the application calls `http://host`, the port 80 has `targetPort: 443`, and a
DestinationRule has `tls: {mode: SIMPLE}`. Or drop port 443 and the hope for retries there.

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
      http:
      - timeout: 30s
        retries: {attempts: 3, retryOn: "connect-failure,reset"}
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
      - {number: 80, name: http, protocol: HTTP, targetPort: 443}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      http:
      - timeout: 30s
        retries: {attempts: 3, retryOn: "connect-failure,reset"}
        route: [{destination: {host: api.example.com}}]
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
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.host import fqdn
from unstale.istio.message import origin_of
from unstale.istio.virtual_service import VirtualService
from unstale.lint.finding import Severity
from unstale.lint.host_port import HostPort
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View, is_for_mesh


def _check(view: View) -> Iterator[Hit]:
    for spec in view.virtual_services:
        if not is_for_mesh(spec) or not spec.http or spec.tls:
            continue
        for index, host in enumerate(spec.hosts):
            ports = [port for port in _ports(view, host, spec) if port.is_external]
            unread = _unread(ports, view)
            if unread and not _asks_for_other_ports(spec, unread):
                told = " and ".join(f"{port.number} ({port.port.protocol})" for port in unread)
                yield Hit(
                    origin=origin_of(spec, "http") if index == 0 else origin_of(spec, f"hosts[{index}]"),
                    message=f"the http rules for {host} do not hold on port {told}: its bytes pass unread",
                )


def _ports(view: View, host: str, spec: VirtualService) -> list[HostPort]:
    service = view.find(fqdn(host, spec.metadata.namespace), view.namespace(spec.metadata.namespace))
    return [] if service is None else view.entries_by_host.get(service.key, [])


def _unread(ports: list[HostPort], view: View) -> list[HostPort]:
    """TLS ports, unless the plain one is meant to be called; other bytes only where there is no plain one."""
    plain = [port for port in ports if port.protocol.is_http_or_sniffed]
    if any(_originates(port, view) for port in plain):
        return []
    return [port for port in ports if port.protocol.is_tls or (port.protocol.is_tcp and not plain)]


def _originates(port: HostPort, view: View) -> bool:
    return bool(port.port.target_port) or any(policy.tls for policy in view.policies(port))


def _asks_for_other_ports(spec: VirtualService, unread: list[HostPort]) -> bool:
    """Every rule names ports, and none of these."""
    numbers = {port.number for port in unread}
    return all(rule.match and all(m.port and m.port not in numbers for m in rule.match) for rule in spec.http)


RULE = Rule(
    code="UNS201",
    severity=Severity.ERROR,
    check=_check,
    scenario="tls-passthrough-rotation-sudden",
    why="Of an https:// call the sidecar sees only encrypted bytes: no retry, time-out or header of the rules applies.",
    fix=(
        "Call http:// and let the sidecar originate TLS (port 80 with targetPort 443, DestinationRule tls SIMPLE), "
        "or take the port out."
    ),
)
