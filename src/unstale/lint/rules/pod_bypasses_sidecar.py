"""A pod sends this traffic past its sidecar.

What it means
Ports and address ranges in the annotations `traffic.sidecar.istio.io/excludeOutbound...` are not redirected: no rule,
no limit and no log line of the mesh applies to those calls.

How we know
The annotation of a workload in these files excludes a port of an external host, or an address of its ServiceEntry.

What to do
Remove the exclusion, or do not count on rules for that host.

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
    apiVersion: v1
    kind: Pod
    metadata:
      name: web
      namespace: shop
      annotations: {traffic.sidecar.istio.io/excludeOutboundPorts: "80,9090"}

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
    apiVersion: v1
    kind: Pod
    metadata:
      name: web
      namespace: shop
      annotations: {traffic.sidecar.istio.io/excludeOutboundPorts: "9090"}
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

from unstale.lint.finding import Severity
from unstale.lint.host_port import HostPort
from unstale.lint.rule import Hit, Rule
from unstale.lint.surroundings import WORKLOADS
from unstale.lint.view import View

_PORTS = "traffic.sidecar.istio.io/excludeOutboundPorts"
_RANGES = "traffic.sidecar.istio.io/excludeOutboundIPRanges"


def _check(view: View) -> Iterator[Hit]:
    by_number: dict[str, HostPort] = {}
    for port in view.external_ports:
        by_number.setdefault(str(port.number), port)
    if not by_number:
        return
    for workload in view.surroundings.of(*WORKLOADS):
        annotations = workload.template.find("metadata", "annotations")
        ports, ranges = annotations.find(_PORTS), annotations.find(_RANGES)
        known = [text.strip() for text in ports.text.split(",") if text.strip() in by_number]
        told = f"{workload.kind} {workload.name} sends traffic to"
        if known:
            host = by_number[known[0]].host
            yield Hit(origin=ports.origin, message=f"{told} port {', '.join(known)} past its sidecar, also of {host}")
        found = _in_ranges(ranges.text, view.external_ports) if ranges else None
        if found is not None:
            yield Hit(origin=ranges.origin, message=f"{told} {found.host} past its sidecar")


def _in_ranges(text: str, ports: tuple[HostPort, ...]) -> HostPort | None:
    networks = [network for part in text.split(",") if (network := _network(part)) is not None]
    for port in ports:
        written = (*port.entry.addresses, *(endpoint.address or "" for endpoint in port.entry.endpoints))
        addresses = [network for one in written if (network := _network(one)) is not None]
        if any(a.version == n.version and a.overlaps(n) for a in addresses for n in networks):
            return port
    return None


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


RULE = Rule(
    code="UNS515",
    severity=Severity.WARNING,
    check=_check,
    why="What is excluded is not redirected: no rule of the mesh applies to it.",
    fix="Remove the exclusion, or do not count on rules for the host.",
)
