"""Which services one proxy sees, and which definition of a host counts when there are several.

Listeners and routes are made from all definitions of a host in the namespace that won, clusters from the oldest one
with the ports of like ones added (SC-3). That a younger definition changes the listener but not the cluster is Istio's
own behaviour and the reason why both lists are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from unstale.envoy.catalogue import Catalogue
from unstale.envoy.endpoint import Endpoint, endpoints_of
from unstale.envoy.resource import Origins, merge_origins
from unstale.envoy.service import Port, Service
from unstale.envoy.workloads import Workloads
from unstale.istio.mesh import MeshConfig
from unstale.istio.service_entry import Resolution
from unstale.istio.validation.names import is_address

_SPIFFE = "spiffe://"
_IDENTITY = re.compile(r"spiffe://[^/]+/ns/[^/]+/sa/[^/]+")


@dataclass(frozen=True, slots=True)
class Instances:
    """The endpoints of one host, by the number and by the name of its ports, and their service accounts."""

    by_number: dict[int, list[Endpoint]] = field(default_factory=dict)
    by_name: dict[str, list[Endpoint]] = field(default_factory=dict)
    accounts: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """`services`: every visible definition, in the order in which they claim listeners. `merged`: one a host.

    `definitions` holds for each host all definitions of its namespace, visible or not: their endpoints all count, and
    `instances` are these.
    """

    services: tuple[Service, ...]
    merged: dict[str, Service]
    definitions: dict[str, tuple[Service, ...]]
    instances: dict[str, Instances]

    def find(self, host: str) -> Service | None:
        """The one service of a host in lower case."""
        return self.merged.get(host)

    def endpoints(self, service: Service, port: Port) -> tuple[Endpoint, ...]:
        """The endpoints of one port, of all definitions of the host (SC-3)."""
        return tuple(self.instances[service.key].by_number.get(port.number, ()))

    def sent_endpoints(self, service: Service, port: Port) -> tuple[Endpoint, ...]:
        """Those that can be sent apart from their cluster: found by the port's name, and no names of hosts."""
        found = self.instances[service.key].by_name.get(port.name, ())
        return tuple(one for one in found if not one.port or not one.address or is_address(one.address))

    def accounts(self, service: Service, mesh: MeshConfig) -> tuple[str, ...]:
        """The names that its certificates may carry: those of its youngest definition, and of its workloads (TLS-5)."""
        names = set(self.definitions[service.key][-1].entry.subject_alt_names)
        path = f"ns/{service.namespace}/sa"
        for account in self.instances[service.key].accounts:
            names.add(f"{_SPIFFE}{mesh.trust_domain}/{path}/{account}")
        for name in [name for name in names if _IDENTITY.fullmatch(name)]:
            _, _, rest = name.removeprefix(_SPIFFE).partition("/")
            names.update(f"{_SPIFFE}{alias}/{rest}" for alias in mesh.trust_domain_aliases)
        return tuple(sorted(names))

    def origins(self, host: str) -> Origins:
        """The manifests that define a host in lower case."""
        return merge_origins([service.entry.origin] for service in self.definitions.get(host, ()))


def build_registry(catalogue: Catalogue, imported: Iterable[Service], workloads: Workloads) -> Registry:
    """From what the proxy imports, in the order in which definitions of one host count."""
    services = tuple(imported)
    merged = _merged(services)
    definitions: dict[str, list[Service]] = {host: [] for host in merged}
    for service in catalogue.every:
        first = merged.get(service.key)
        if first is not None and first.namespace == service.namespace:
            definitions[service.key].append(service)
    return Registry(
        services=services,
        merged=merged,
        definitions={host: tuple(found) for host, found in definitions.items()},
        instances={host: _instances(found, workloads) for host, found in definitions.items()},
    )


def _instances(definitions: Iterable[Service], workloads: Workloads) -> Instances:
    """Of all definitions of one host; one with round robin adds nothing to a port that has an endpoint already."""
    found = Instances()
    for service in definitions:
        is_single = service.resolution is Resolution.DNS_ROUND_ROBIN
        for endpoint in (*endpoints_of(service), *workloads.endpoints_of(service)):
            port = endpoint.service_port
            if is_single and port.number in found.by_number:
                continue
            found.by_number.setdefault(port.number, []).append(endpoint)
            found.by_name.setdefault(port.name, []).append(endpoint)
            if endpoint.service_account:
                found.accounts.add(endpoint.service_account)
    return found


def _merged(services: Iterable[Service]) -> dict[str, Service]:
    merged: dict[str, Service] = {}
    for service in services:
        first = merged.setdefault(service.key, service)
        if first is not service and _are_alike(first, service):
            merged[service.key] = first.with_ports_of(service)
    return merged


def _are_alike(one: Service, other: Service) -> bool:
    """Compared as written: an `exportTo` for all is not the same as none."""
    return (
        one.namespace == other.namespace
        and one.resolution is other.resolution
        and one.entry.metadata.labels == other.entry.metadata.labels
        and _selected(one) == _selected(other)
        and set(one.entry.export_to) == set(other.entry.export_to)
    )


def _selected(service: Service) -> Mapping[str, str]:
    return service.entry.workload_selector.labels if service.entry.workload_selector else {}
