"""Everything one proxy sees, indexed once: the common ground of listeners, routes and clusters."""

from __future__ import annotations

from dataclasses import dataclass

from unstale.envoy.destination_rules import DestinationRules, build_destination_rules
from unstale.envoy.mesh import MeshConfig
from unstale.envoy.proxy import Proxy
from unstale.envoy.registry import Registry, build_registry
from unstale.envoy.virtual_services import VirtualServices, build_virtual_services
from unstale.istio.manifests import Manifests


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The proxy, the mesh and what is visible to it."""

    proxy: Proxy
    mesh: MeshConfig
    registry: Registry
    rules: DestinationRules
    virtual_services: VirtualServices


def build_scope(manifests: Manifests, proxy: Proxy, mesh: MeshConfig) -> Scope:
    """Choose and index; nothing is compiled yet."""
    registry = build_registry(manifests.service_entries, proxy, mesh)
    return Scope(
        proxy=proxy,
        mesh=mesh,
        registry=registry,
        rules=build_destination_rules(manifests.destination_rules, proxy, mesh),
        virtual_services=build_virtual_services(manifests.virtual_services, registry, proxy, mesh),
    )
