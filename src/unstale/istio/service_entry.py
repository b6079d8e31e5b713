"""ServiceEntry: hosts outside of the mesh's own registry, and how their addresses are found.

Names and meaning follow istio/api, `networking/v1alpha3/service_entry.proto` and `workload_entry.proto`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from unstale.istio.message import Message
from unstale.istio.metadata import Metadata


class Location(StrEnum):
    """Whether the hosts are part of the mesh; unset means MESH_EXTERNAL."""

    MESH_EXTERNAL = "MESH_EXTERNAL"
    MESH_INTERNAL = "MESH_INTERNAL"


class Resolution(StrEnum):
    """How the proxy finds the addresses of the hosts; unset means NONE."""

    NONE = "NONE"
    STATIC = "STATIC"
    DNS = "DNS"
    DNS_ROUND_ROBIN = "DNS_ROUND_ROBIN"
    DYNAMIC_DNS = "DYNAMIC_DNS"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePort(Message):
    """One port of the hosts; `protocol` is kept as written, in any case."""

    number: int = 0
    protocol: str | None = None
    name: str = ""
    target_port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadEntry(Message):
    """One endpoint: `address` is an IP, a host name or `unix://` and a path; `ports` maps names to numbers."""

    address: str | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    network: str | None = None
    locality: str | None = None
    weight: int | None = None
    service_account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadSelector(Message):
    """The workloads that serve the hosts, by label."""

    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEntry(Message):
    """A ServiceEntry object; host names keep their case.

    `status_addresses` are those that the control plane chose for each host without its own, as its status tells.
    """

    metadata: Metadata = field(default_factory=Metadata)
    hosts: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    ports: tuple[ServicePort, ...] = ()
    location: Location | None = None
    resolution: Resolution | None = None
    endpoints: tuple[WorkloadEntry, ...] = ()
    workload_selector: WorkloadSelector | None = None
    export_to: tuple[str, ...] = ()
    subject_alt_names: tuple[str, ...] = ()
    status_addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
