"""Which services one proxy sees, and which definition of a host counts when there are several.

Listeners and routes are made from all definitions of a host in the namespace that won, clusters from the oldest one
with the ports of like ones added (SC-3). That a younger definition changes the listener but not the cluster is Istio's
own behaviour and the reason why both lists are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from unstale.envoy.export_to import resolved, visibility
from unstale.envoy.mesh import MeshConfig
from unstale.envoy.proxy import Proxy
from unstale.envoy.resource import Origins, merge_origins
from unstale.envoy.service import Endpoint, Service, by_age, endpoints_of, services_of
from unstale.istio.service_entry import Resolution, ServiceEntry

_APPLIED = frozenset({Resolution.NONE, Resolution.STATIC, Resolution.DNS, Resolution.DNS_ROUND_ROBIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """`services`: every visible definition, in the order in which they claim listeners. `merged`: one a host.

    `definitions` holds for each host all definitions of its namespace, visible or not: their endpoints all count.
    """

    services: tuple[Service, ...]
    merged: dict[str, Service]
    definitions: dict[str, tuple[Service, ...]]

    def find(self, host: str) -> Service | None:
        """The one service of a host in lower case."""
        return self.merged.get(host)

    def endpoints(self, service: Service, number: int) -> tuple[Endpoint, ...]:
        """The endpoints of one port, of all definitions of the host; round robin keeps the oldest one."""
        found = tuple(
            endpoint
            for definition in self.definitions[service.key]
            for port in definition.ports
            if port.number == number
            for endpoint in endpoints_of(definition, port)
        )
        return found[:1] if service.resolution is Resolution.DNS_ROUND_ROBIN else found

    def origins(self, host: str) -> Origins:
        """The manifests that define a host in lower case."""
        return merge_origins([service.entry.origin] for service in self.definitions.get(host, ()))


def build_registry(entries: Iterable[ServiceEntry], proxy: Proxy, mesh: MeshConfig) -> Registry:
    """What `proxy` sees of the entries."""
    every = sorted((service for entry in entries for service in services_of(entry)), key=by_age)
    every = [service for service in every if service.resolution in _APPLIED]
    visible = _visible(every, proxy, mesh)
    namespaces = _winning_namespaces(visible, proxy)
    services = tuple(service for service in visible if namespaces[service.key] == service.namespace)
    definitions: dict[str, list[Service]] = {host: [] for host in namespaces}
    for service in every:
        if namespaces.get(service.key) == service.namespace:
            definitions[service.key].append(service)
    return Registry(
        services=services,
        merged=_merged(services, mesh),
        definitions={host: tuple(found) for host, found in definitions.items()},
    )


def _visible(services: Sequence[Service], proxy: Proxy, mesh: MeshConfig) -> list[Service]:
    seen = []
    for service in services:
        how = visibility(service.entry.export_to, service.namespace, proxy.namespace, mesh.default_service_export_to)
        if how is not None:
            seen.append((how, service))
    return [service for _, service in sorted(seen, key=lambda pair: pair[0])]


def _winning_namespaces(services: Iterable[Service], proxy: Proxy) -> dict[str, str]:
    """SC-2: the proxy's own namespace, else that of the oldest definition."""
    namespaces: dict[str, str] = {}
    for service in services:
        if service.namespace == proxy.namespace:
            namespaces[service.key] = service.namespace
        else:
            namespaces.setdefault(service.key, service.namespace)
    return namespaces


def _merged(services: Iterable[Service], mesh: MeshConfig) -> dict[str, Service]:
    merged: dict[str, Service] = {}
    for service in services:
        first = merged.setdefault(service.key, service)
        if first is not service and _are_alike(first, service, mesh):
            merged[service.key] = first.with_ports_of(service)
    return merged


def _are_alike(one: Service, other: Service, mesh: MeshConfig) -> bool:
    default = mesh.default_service_export_to
    return (
        one.resolution is other.resolution
        and one.entry.metadata.labels == other.entry.metadata.labels
        and one.entry.workload_selector == other.entry.workload_selector
        and resolved(one.entry.export_to, one.namespace, default)
        == resolved(other.entry.export_to, other.namespace, default)
    )
