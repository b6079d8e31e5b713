"""One host of a ServiceEntry under one of its addresses: what Istio calls a service, and its endpoints.

A ServiceEntry of three hosts and two addresses is six services; most surprises with `addresses` come from that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network

from unstale.envoy import protocol
from unstale.envoy.config_object import age
from unstale.envoy.protocol import Protocol
from unstale.istio.service_entry import Location, Resolution, ServiceEntry, ServicePort, WorkloadEntry

UNSPECIFIED = "0.0.0.0"
_LOCALITY_LABEL = "istio-locality"
_TLS_MODE_LABEL = "security.istio.io/tlsMode"
_CONNECT_STRATEGY = "istio.io/connect-strategy"
_DNS = (Resolution.DNS, Resolution.DNS_ROUND_ROBIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One port of a service; `target` is where it really listens."""

    number: int
    name: str
    protocol: Protocol
    target: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One address of one service port; `port` 0 and a path in `address` is a unix socket."""

    address: str
    port: int
    weight: int = 1
    locality: str = ""
    labels: Mapping[str, str]
    is_istio_tls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """`host` keeps its case (clusters do), `key` is the same in lower case (routes do)."""

    host: str
    address: str
    ports: tuple[Port, ...]
    entry: ServiceEntry

    @property
    def key(self) -> str:
        """What hosts are compared by."""
        return self.host.lower()

    @property
    def namespace(self) -> str:
        """Where the manifest is."""
        return self.entry.metadata.namespace

    @property
    def resolution(self) -> Resolution:
        """How its addresses are found."""
        return self.entry.resolution or Resolution.NONE

    @property
    def is_external(self) -> bool:
        """Outside of the mesh, so without the mesh's own TLS (SE-4)."""
        return self.entry.location is not Location.MESH_INTERNAL

    @property
    def is_racing(self) -> bool:
        """All addresses of the DNS answer are tried at once, the first to connect is used (CL-2)."""
        strategy = self.entry.metadata.annotations.get(_CONNECT_STRATEGY, "")
        return self.resolution in _DNS and strategy.upper() == "RACE_FIRST_TCP_CONNECT"

    @property
    def has_address(self) -> bool:
        """One IP of its own; a range is none."""
        return self.address != UNSPECIFIED and not self.address_range

    @property
    def address_range(self) -> str:
        """The CIDR it is reached under, empty where it has none."""
        return self.address if "/" in self.address else ""

    def port(self, number: int) -> Port | None:
        """The port of that number."""
        return next((port for port in self.ports if port.number == number), None)

    def with_ports_of(self, other: Service) -> Service:
        """The same with the ports of another definition added; known numbers keep their definition (SC-3)."""
        known = {port.number for port in self.ports}
        return replace(self, ports=self.ports + tuple(p for p in other.ports if p.number not in known))


def services_of(entry: ServiceEntry) -> Iterator[Service]:
    """One for each host and address (SE-1)."""
    ports = tuple(_port(port) for port in entry.ports)
    addresses = [address for address in map(_address, entry.addresses) if address]
    for host in entry.hosts:
        for address in addresses or [UNSPECIFIED]:
            yield Service(host=host, address=address, ports=ports, entry=entry)


def by_age(service: Service) -> tuple[tuple[bool, str], str, str, str]:
    """Sorts the oldest first, then by host and namespace (SC-1)."""
    metadata = service.entry.metadata
    return (age(metadata), service.host, metadata.namespace, metadata.name)


def endpoints_of(service: Service, port: Port) -> Iterator[Endpoint]:
    """What the manifest itself says of the addresses of one port (SE-7)."""
    entry = service.entry
    if entry.endpoints:
        for workload in entry.endpoints:
            yield _endpoint(workload, port)
    elif service.resolution in _DNS and entry.workload_selector is None:
        yield Endpoint(address=service.host, port=port.target or port.number, labels={})


def _port(port: ServicePort) -> Port:
    return Port(
        number=port.number, name=port.name, protocol=protocol.parse(port.protocol), target=port.target_port or None
    )


def _address(text: str) -> str:
    """SE-2: a range of one address is that address, what is neither is dropped."""
    try:
        if "/" not in text:
            return str(ip_address(text)) and text
        network = ip_network(text, strict=False)
    except ValueError:
        return ""
    return text.partition("/")[0] if network.num_addresses == 1 else text


def _endpoint(workload: WorkloadEntry, port: Port) -> Endpoint:
    address = workload.address or ""
    is_socket = address.startswith("unix://")
    tls_mode = workload.labels.get(_TLS_MODE_LABEL, "istio" if workload.service_account else "disabled")
    return Endpoint(
        address=address.removeprefix("unix://"),
        port=0 if is_socket else workload.ports.get(port.name) or port.target or port.number,
        weight=workload.weight or 1,
        locality=workload.locality or workload.labels.get(_LOCALITY_LABEL, "").replace(".", "/"),
        labels=workload.labels,
        is_istio_tls=tls_mode == "istio",
    )
