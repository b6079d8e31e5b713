"""What one egress listener imports: services, VirtualServices, and the services these route to (SC-4).

A destination outside of the egress hosts gets a cluster, with the ports that are named only, but neither a listener
nor a virtual host.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from unstale.envoy.catalogue import Catalogue, in_winning_namespace, is_visible
from unstale.envoy.proxy import Proxy
from unstale.envoy.release import Release
from unstale.envoy.service import Order, Service, by_age
from unstale.envoy.sidecar_egress import Egress
from unstale.envoy.virtual_services import Routing
from unstale.istio.mesh import MeshConfig
from unstale.istio.virtual_service import Destination, HTTPRoute, VirtualService

_EVERY_PORT = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Imports:
    """`services` make listeners and virtual hosts, `destinations`, with their order, only clusters."""

    egress: Egress
    services: tuple[Service, ...]
    routings: tuple[Routing, ...]
    destinations: tuple[tuple[Order, Service], ...]


def imports_of(
    egress: Egress, catalogue: Catalogue, routings: Iterable[Routing], proxy: Proxy, mesh: MeshConfig, release: Release
) -> Imports:
    """Of all services and VirtualServices that are visible to the proxy."""
    ours = tuple(
        routing
        for routing in routings
        if egress.hosts.imports_virtual_service(routing.hosts, routing.spec.metadata.namespace)
    )
    return Imports(
        egress=egress,
        services=_services(egress, catalogue, proxy, mesh, release),
        routings=ours,
        destinations=tuple(_destinations(egress, ours, catalogue, proxy, mesh)),
    )


def _services(
    egress: Egress, catalogue: Catalogue, proxy: Proxy, mesh: MeshConfig, release: Release
) -> tuple[Service, ...]:
    candidates: Iterable[Service] = catalogue.visible
    if egress.hosts.is_exact and release.looks_up_exact_hosts:
        candidates = sorted(_named(egress, catalogue, proxy, mesh), key=by_age)
    trimmed = (
        egress.trimmed(service)
        for service in candidates
        if egress.hosts.imports_service(service.host, service.namespace)
    )
    return in_winning_namespace([service for service in trimmed if service is not None], proxy)


def _named(egress: Egress, catalogue: Catalogue, proxy: Proxy, mesh: MeshConfig) -> Iterator[Service]:
    """Where all hosts are named in full only the oldest definition of each is found, with its first address."""
    for namespace, hosts in egress.hosts.by_namespace.items():
        for host in hosts.exact:
            service = catalogue.first.get(host, {}).get(namespace)
            if service is not None and is_visible(service, proxy, mesh):
                yield service


def _destinations(
    egress: Egress, routings: Iterable[Routing], catalogue: Catalogue, proxy: Proxy, mesh: MeshConfig
) -> Iterator[tuple[Order, Service]]:
    for routing in routings:
        for place, (host, ports) in enumerate(_destination_ports(routing, proxy).items()):
            service = _best(catalogue.first.get(host, {}).values(), proxy, mesh)
            trimmed = None if service is None else _trimmed(service, ports, egress)
            if trimmed is not None:
                yield (*routing.order, place), trimmed


def _best(services: Iterable[Service], proxy: Proxy, mesh: MeshConfig) -> Service | None:
    """That of the proxy's own namespace, even one it does not export, else the oldest that the proxy sees."""
    found = sorted(services, key=by_age)
    own = next((service for service in found if service.namespace == proxy.namespace), None)
    return own or next((service for service in found if is_visible(service, proxy, mesh)), None)


def _trimmed(service: Service, ports: set[int], egress: Egress) -> Service | None:
    if egress.takes_port_only:
        return egress.trimmed(service)
    if _EVERY_PORT in ports:
        return service
    kept = tuple(port for port in service.ports if port.number in ports)
    return replace(service, ports=kept) if kept else None


def _destination_ports(routing: Routing, proxy: Proxy) -> dict[str, set[int]]:
    """All destinations of one VirtualService with the ports it names; 0 is for a destination without a port."""
    found: dict[str, set[int]] = {}
    for destination in _all_destinations(routing.spec, proxy):
        ports = found.setdefault(routing.destination_host(destination.host), set())
        ports.add(destination.port or _EVERY_PORT)
    return found


def _all_destinations(spec: VirtualService, proxy: Proxy) -> Iterator[Destination]:
    for rule in spec.http:
        if not _may_be_for(rule, proxy):
            continue
        yield from (split.destination for split in rule.route)
        if rule.mirror is not None:
            yield rule.mirror
        yield from (mirror.destination for mirror in rule.mirrors)
    routes = [*(rule.route for rule in spec.tcp), *(rule.route for rule in spec.tls)]
    yield from (split.destination for route in routes for split in route)


def _may_be_for(rule: HTTPRoute, proxy: Proxy) -> bool:
    """A rule whose matches name other namespaces brings nothing in."""
    named = [match.source_namespace for match in rule.match if match.source_namespace]
    return not named or proxy.namespace in named
