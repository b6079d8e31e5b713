"""Everything one proxy sees, indexed once: the common ground of listeners, routes and clusters."""

from __future__ import annotations

from dataclasses import dataclass, replace

from unstale.envoy.catalogue import build_catalogue
from unstale.envoy.delegates import with_delegates
from unstale.envoy.destination_rules import DestinationRules, build_destination_rules
from unstale.envoy.export_to import visibility
from unstale.envoy.mesh_settings import known_settings
from unstale.envoy.outbound_policy import OutboundPolicy
from unstale.envoy.proxy import Proxy
from unstale.envoy.proxy_headers import HeaderPolicy, header_policy
from unstale.envoy.registry import Registry, build_registry
from unstale.envoy.release import Release
from unstale.envoy.service import Order, Service, by_age
from unstale.envoy.sidecar_choice import sidecar_for, sidecar_policy
from unstale.envoy.sidecar_egress import Egress, egresses
from unstale.envoy.sidecar_imports import Imports, imports_of
from unstale.envoy.virtual_services import VirtualServices, build_virtual_services, visible_routings
from unstale.envoy.workloads import build_workloads
from unstale.istio.manifests import Manifests
from unstale.istio.mesh import MeshConfig
from unstale.istio.proxy_config import ConnectionSettings
from unstale.istio.virtual_service import VirtualService
from unstale.model.problem import Problem

_IMPORTED, _AFTER_IMPORTED = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The proxy, the mesh and what is visible to it.

    `egress_scopes` are the same for each egress listener, with the services and VirtualServices that it imports and
    with its own `egress`. `destinations` are the services of all of them that are there only because of a route.
    `problems` are the mesh's, `left_out` what delegation left out of each VirtualService.
    """

    proxy: Proxy
    mesh: MeshConfig
    registry: Registry
    rules: DestinationRules
    virtual_services: VirtualServices
    outbound_policy: OutboundPolicy
    release: Release
    proxy_headers: HeaderPolicy
    connection_settings: ConnectionSettings | None
    problems: tuple[Problem, ...] = ()
    left_out: tuple[tuple[VirtualService, Problem], ...] = ()
    destinations: tuple[tuple[Order, Service], ...] = ()
    egress: Egress | None = None
    egress_scopes: tuple[Scope, ...] = ()

    @property
    def takes_exact_hosts(self) -> bool:
        """The egress listener names every host in full, and only those are looked at."""
        return self.egress is not None and self.egress.hosts.is_exact and self.release.looks_up_exact_hosts

    def looks_up(self, service: Service) -> bool:
        """A wildcard of which each name is looked up when it is asked for."""
        return service.is_dynamic and self.release.looks_up_wildcards

    def orders(self, number: int) -> list[Order]:
        """The orders of all services that this, the egress listener of that number, imports (SC-1).

        They are keys and not numbers, so that a host that comes or goes moves no other.
        """
        viewer, default = self.proxy.namespace, self.mesh.default_service_export_to
        takes_all = not self.takes_exact_hosts
        found = []
        for place, service in enumerate(self.registry.services):
            how = visibility(service.entry.export_to, service.namespace, viewer, default) if takes_all else None
            found.append((number, _IMPORTED, how or 0, by_age(service), place))
        return found


def build_scope(manifests: Manifests, proxy: Proxy, mesh: MeshConfig, release: Release) -> Scope:
    """Choose and index; nothing is compiled yet."""
    catalogue = build_catalogue(manifests.service_entries, proxy, mesh, release)
    mesh, problems = known_settings(mesh, release)
    virtual_services, left_out = with_delegates(manifests.virtual_services, mesh)
    routings = visible_routings(virtual_services, proxy, mesh)
    sidecar = sidecar_for(manifests.sidecars, proxy, mesh)
    listeners = egresses(sidecar, proxy, release)
    imports = [imports_of(egress, catalogue, routings, proxy, mesh, release) for egress in listeners]
    imported = [
        service for one in imports for service in (*one.services, *(service for _, service in one.destinations))
    ]
    config = proxy.proxy_config or mesh.default_config
    settings = config.connection_settings or mesh.default_config.connection_settings
    registry = build_registry(catalogue, imported, build_workloads(manifests.workload_entries))
    whole = Scope(
        proxy=proxy,
        mesh=mesh,
        registry=registry,
        rules=build_destination_rules(manifests.destination_rules, proxy, mesh),
        virtual_services=build_virtual_services(routings, registry.merged),
        outbound_policy=sidecar_policy(sidecar, mesh),
        release=release,
        proxy_headers=header_policy(config.proxy_headers, release),
        connection_settings=settings if release.has_mesh_defaults else None,
        problems=tuple(problems),
        left_out=tuple(left_out),
        destinations=tuple(
            ((number, _AFTER_IMPORTED, *order), service)
            for number, one in enumerate(imports)
            for order, service in one.destinations
        ),
    )
    return replace(whole, egress_scopes=tuple(_for_egress(whole, one) for one in imports))


def _for_egress(whole: Scope, imports: Imports) -> Scope:
    """What is looked up by name stays that of the proxy, what is gone through is the listener's own."""
    return replace(
        whole,
        egress=imports.egress,
        registry=replace(whole.registry, services=imports.services),
        virtual_services=build_virtual_services(imports.routings, {service.key for service in imports.services}),
    )
