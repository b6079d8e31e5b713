"""Everything that the rules look at, indexed once: hosts, their ports, the routes to them and the policies for them.

Rules that each looked through all objects for every object would take a minute for ten thousand hosts. What is in force
is asked of the compiler's own parts, so that a rule never disagrees with what Envoy gets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from unstale.envoy.delegates import with_delegates
from unstale.envoy.export_to import visibility
from unstale.envoy.host import HostIndex, fqdn
from unstale.envoy.virtual_services import MESH_GATEWAY
from unstale.istio.virtual_service import VirtualService
from unstale.lint.host_port import HostPort, is_inside
from unstale.lint.hosts import has_common
from unstale.lint.route import Route, routes_of, rules_of
from unstale.lint.rules_in_force import RulesInForce

__all__ = ["View", "has_common", "is_for_mesh"]


@dataclass(kw_only=True)
class View(RulesInForce):
    """What was given, and the routes on top of hosts and rules; all is derived when it is first asked for."""

    @cached_property
    def request_ports(self) -> tuple[HostPort, ...]:
        """Ports of external hosts whose clusters carry requests: HTTP ones that rules do not lead elsewhere, and TLS
        ones that rules or gateways send plain requests to."""
        return tuple(port for port in self.external_ports if self._carries_requests(port))

    def _carries_requests(self, port: HostPort) -> bool:
        if not port.protocol.is_http:
            return port.protocol.is_tls and (port.key, port.number) in self.plain_requests
        if not any(spec.http for spec in self.virtual_services_for(port.key)):
            return True
        numbers = [
            target.split.destination.port
            for route in self.routes_to.get(port.key, ())
            for target in route.external
            if target.service is not None and target.service.key == port.key
        ]
        return any(number in (None, 0, port.number) for number in numbers)

    @cached_property
    def virtual_services(self) -> tuple[VirtualService, ...]:
        """Those with hosts, the rules of their delegates in place."""
        merged, _ = with_delegates(self.manifests.virtual_services, self.settings)
        if self.proxy is None:
            return merged
        default, viewer = self.settings.default_virtual_service_export_to, self.proxy.namespace
        return tuple(
            spec for spec in merged if visibility(spec.export_to, spec.metadata.namespace, viewer, default) is not None
        )

    @cached_property
    def mesh_virtual_services(self) -> HostIndex[list[VirtualService]]:
        """Those that hold for sidecars, by host in full."""
        index: HostIndex[list[VirtualService]] = HostIndex()
        for spec in self.virtual_services:
            if is_for_mesh(spec):
                for host in dict.fromkeys(fqdn(host, spec.metadata.namespace) for host in spec.hosts):
                    index.setdefault(host, []).append(spec)
        return index

    def virtual_services_for(self, host: str) -> list[VirtualService]:
        """Those of sidecars that are for the host, or for a wildcard around it, or for a name inside of it."""
        exact = self.mesh_virtual_services.values.get(host, [])
        found = [*exact, *(spec for around in self.mesh_virtual_services.around(host) for spec in around)]
        if host.startswith("*"):
            found.extend(self._inside.get(host, ()))
        return list({id(spec): spec for spec in found}.values())

    @cached_property
    def _inside(self) -> Mapping[str, list[VirtualService]]:
        """VirtualServices for names inside of a ServiceEntry's wildcard, by the wildcard."""
        found: dict[str, list[VirtualService]] = {}
        if self.definitions.wildcards:
            for host, specs in self.mesh_virtual_services.values.items():
                for services in self.definitions.around(host):
                    found.setdefault(services[0].key, []).extend(specs)
        return found

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        """Every `http` rule of every VirtualService, with what it comes to."""
        return tuple(route for spec in self.virtual_services for route in routes_of(spec, self))

    @cached_property
    def external_routes(self) -> tuple[Route, ...]:
        """Those that lead out of the mesh and that some request can take."""
        return tuple(route for route in self.routes if route.external and route.is_effective)

    @cached_property
    def routes_to(self) -> Mapping[str, list[Route]]:
        """Those that lead to an external host, by host in lower case."""
        found: dict[str, list[Route]] = {}
        for route in self.external_routes:
            for target in route.external:
                if target.service is not None:
                    found.setdefault(target.service.key, []).append(route)
        return found

    @cached_property
    def plain_requests(self) -> frozenset[tuple[str, int]]:
        """Host and port of every destination that rules or gateways send requests to, by number."""
        return frozenset(
            (target.host, number)
            for route in self.routes
            for target in route.targets
            if (number := target.split.destination.port)
        ) | frozenset(
            (target.host, port.number)
            for route in self.routes
            if any(gateway != MESH_GATEWAY for gateway in route.spec.gateways)
            for target in route.targets
            for port in (target.service.ports if target.service else ())
        )

    @cached_property
    def gateway_hosts(self) -> frozenset[str]:
        """Hosts to which a gateway sends something."""
        found: set[str] = set()
        for spec in self.virtual_services:
            if all(gateway == MESH_GATEWAY for gateway in spec.gateways):
                continue
            for rule in rules_of(spec):
                found.update(fqdn(split.destination.host, spec.metadata.namespace) for split in rule.route)
        return frozenset(found)

    @cached_property
    def default_ports(self) -> tuple[HostPort, ...]:
        """HTTP ports of external hosts whose requests follow no VirtualService: Istio's own default route."""
        return tuple(
            port
            for port in self.external_http
            if not any(spec.http for spec in self.virtual_services_for(port.key)) and not is_inside(port.key)
        )


def is_for_mesh(spec: VirtualService) -> bool:
    """It holds for sidecars."""
    return MESH_GATEWAY in (spec.gateways or (MESH_GATEWAY,))
