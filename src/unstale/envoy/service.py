"""One host of a ServiceEntry under one of its addresses: what Istio calls a service.

A ServiceEntry of three hosts and two addresses is six services; most surprises with `addresses` come from that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_network
from typing import Any

from unstale.envoy import protocol
from unstale.envoy.config_object import age
from unstale.envoy.protocol import Protocol
from unstale.envoy.proxy import Proxy
from unstale.envoy.release import Release
from unstale.istio.metadata import Metadata
from unstale.istio.service_entry import Location, Resolution, ServiceEntry, ServicePort

UNSPECIFIED = "0.0.0.0"
_ALLOCATION = "networking.istio.io/enable-autoallocate-ip"
_CONNECT_STRATEGY = "istio.io/connect-strategy"
DNS = (Resolution.DNS, Resolution.DNS_ROUND_ROBIN)

Order = tuple[Any, ...]
"""The place of a host among all others; only definitions of one host are equal but for the last items, mere counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One port of a service; `target` is where it really listens."""

    number: int
    name: str
    protocol: Protocol
    target: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """`host` keeps its case (clusters do), `key` is the same in lower case (routes do), which hosts are compared by."""

    host: str
    address: str
    ports: tuple[Port, ...]
    entry: ServiceEntry
    more_addresses: tuple[str, ...] = ()
    key: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.host.lower())

    @property
    def namespace(self) -> str:
        """Where the manifest is."""
        return self.entry.metadata.namespace

    @property
    def resolution(self) -> Resolution:
        """How its addresses are found."""
        return self.entry.resolution or Resolution.NONE

    @property
    def is_passthrough(self) -> bool:
        """Connections go to the address that the application looked up."""
        return self.resolution is Resolution.NONE

    @property
    def is_dynamic(self) -> bool:
        """A wildcard of which each name is looked up when it is asked for."""
        return self.resolution is Resolution.DYNAMIC_DNS and self.host.startswith("*")

    @property
    def is_external(self) -> bool:
        """Outside of the mesh, so without the mesh's own TLS (SE-4)."""
        return self.entry.location is not Location.MESH_INTERNAL

    @property
    def is_racing(self) -> bool:
        """All addresses of the DNS answer are tried at once, the first to connect is used (CL-2)."""
        strategy = self.entry.metadata.annotations.get(_CONNECT_STRATEGY, "")
        return self.resolution in DNS and strategy.upper() == "RACE_FIRST_TCP_CONNECT"

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


def services_of(entry: ServiceEntry, proxy: Proxy, release: Release) -> Iterator[Service]:
    """One for each host and address (SE-1); which address the mesh chose for a host depends on the proxy (SE-9)."""
    ports = tuple(_port(port) for port in entry.ports)
    addresses = [address for address in map(_address, entry.addresses) if address]
    may_use = release.allocates_addresses and proxy.captures_dns
    uses_allocated = may_use and bool(entry.status_addresses) and _may_allocate(entry)
    for host in entry.hosts:
        if uses_allocated:
            first, *more = _allocated(entry.status_addresses.get(host, ()), proxy) or [UNSPECIFIED]
            yield Service(host=host, address=first, ports=ports, entry=entry, more_addresses=tuple(more))
            continue
        for address in addresses if entry.addresses else [UNSPECIFIED]:
            yield Service(host=host, address=address, ports=ports, entry=entry)


def name_of(metadata: Metadata) -> str:
    """`namespace/name`."""
    return f"{metadata.namespace}/{metadata.name}"


def by_age(service: Service) -> tuple[tuple[bool, str], str, str, str]:
    """Sorts the oldest first, then by host and namespace (SC-1)."""
    metadata = service.entry.metadata
    return (age(metadata), service.host, metadata.namespace, metadata.name)


def _port(port: ServicePort) -> Port:
    return Port(
        number=port.number, name=port.name, protocol=protocol.parse(port.protocol), target=port.target_port or None
    )


def _may_allocate(entry: ServiceEntry) -> bool:
    """A host whose connections go where the application looked up cannot be told by an address of the mesh's."""
    is_refused = entry.metadata.labels.get(_ALLOCATION, "").lower() == "false"
    return not (entry.addresses or is_refused or entry.resolution in (None, Resolution.NONE))


def _allocated(addresses: Sequence[str], proxy: Proxy) -> list[str]:
    """One of each family that the pod has, the older family first; of several the last."""
    found: dict[int, str] = {}
    for text in addresses:
        with suppress(ValueError):
            found[ip_address(text).version] = text
    return [found[version] for version in (4, 6) if version in found and version in proxy.ip_versions]


def _address(text: str) -> str:
    """SE-2: a range of one address is that address, what is neither is dropped."""
    try:
        if "/" not in text:
            return str(ip_address(text)) and text
        network = ip_network(text, strict=False)
    except ValueError:
        return ""
    return text.partition("/")[0] if network.num_addresses == 1 else text
