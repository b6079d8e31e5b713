"""One address of one port of a service, from whichever manifest it comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from unstale.envoy.service import DNS, Port, Service
from unstale.envoy.topology import locality_label, with_topology
from unstale.istio.service_entry import WorkloadEntry

_TLS_MODE_LABEL = "security.istio.io/tlsMode"
SOCKET = "unix://"
MESH_TLS = "istio"
NO_TLS = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`port` 0 and a path in `address` is a unix socket; `service_port` is the port of the host that it serves."""

    address: str
    port: int
    service_port: Port
    weight: int = 1
    locality: str = ""
    labels: Mapping[str, str]
    tls_mode: str = NO_TLS
    service_account: str = ""


def endpoints_of(service: Service) -> Iterator[Endpoint]:
    """What the manifest itself says of the addresses of all ports (SE-7)."""
    entry = service.entry
    if entry.endpoints:
        for workload in entry.endpoints:
            yield from workload_endpoints(workload, service, workload.labels)
    elif service.resolution in DNS and entry.workload_selector is None:
        for port in service.ports:
            yield Endpoint(address=service.host, port=port.target or port.number, service_port=port, labels={})


def workload_endpoints(workload: WorkloadEntry, service: Service, labels: Mapping[str, str]) -> Iterator[Endpoint]:
    """One for each port of the service."""
    address = workload.address or ""
    is_socket = address.startswith(SOCKET)
    locality = workload.locality or locality_label(labels)
    labels = with_topology(labels, locality=locality, network=workload.network or "")
    for port in service.ports:
        yield Endpoint(
            address=address.removeprefix(SOCKET),
            port=0 if is_socket else workload.ports.get(port.name) or port.target or port.number,
            service_port=port,
            weight=workload.weight or 1,
            locality=locality,
            labels=labels,
            tls_mode=labels.get(_TLS_MODE_LABEL, MESH_TLS if workload.service_account else NO_TLS),
            service_account=workload.service_account or "",
        )
