"""All services of the mesh, before a proxy's namespace and its Sidecar decide what of them it gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from unstale.envoy.export_to import visibility
from unstale.envoy.proxy import Proxy
from unstale.envoy.release import Release
from unstale.envoy.service import Service, by_age, services_of
from unstale.istio.mesh import MeshConfig
from unstale.istio.service_entry import ServiceEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """`every` service, the oldest first; `visible` are those exported to the proxy, in the order of claiming.

    `first` is for each host and namespace the oldest definition, visible or not.
    """

    every: tuple[Service, ...]
    visible: tuple[Service, ...]
    first: Mapping[str, Mapping[str, Service]]


def build_catalogue(entries: Iterable[ServiceEntry], proxy: Proxy, mesh: MeshConfig, release: Release) -> Catalogue:
    """Sorted once; what is chosen of it keeps the order."""
    every = sorted((service for entry in entries for service in services_of(entry, proxy, release)), key=by_age)
    first: dict[str, dict[str, Service]] = {}
    for service in every:
        first.setdefault(service.host, {}).setdefault(service.namespace, service)
    return Catalogue(every=tuple(every), visible=tuple(_visible(every, proxy, mesh)), first=first)


def is_visible(service: Service, proxy: Proxy, mesh: MeshConfig) -> bool:
    """The service is exported to the proxy's namespace."""
    default = mesh.default_service_export_to
    return visibility(service.entry.export_to, service.namespace, proxy.namespace, default) is not None


def in_winning_namespace(services: Sequence[Service], proxy: Proxy) -> tuple[Service, ...]:
    """SC-2: of each host those of the proxy's own namespace, else those of the namespace that comes first."""
    namespaces: dict[str, str] = {}
    for service in services:
        if service.namespace == proxy.namespace:
            namespaces[service.key] = service.namespace
        else:
            namespaces.setdefault(service.key, service.namespace)
    return tuple(service for service in services if namespaces[service.key] == service.namespace)


def _visible(services: Sequence[Service], proxy: Proxy, mesh: MeshConfig) -> list[Service]:
    seen = []
    for service in services:
        how = visibility(service.entry.export_to, service.namespace, proxy.namespace, mesh.default_service_export_to)
        if how is not None:
            seen.append((how, service))
    return [service for _, service in sorted(seen, key=lambda pair: pair[0])]
