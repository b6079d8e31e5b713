"""Route configurations: the virtual hosts of one listener port and what becomes of all other hosts (RT-1, RT-4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from unstale.envoy.catch_all import catch_all
from unstale.envoy.later import LaterOrigins, LaterParts
from unstale.envoy.resource import Json, Origins, Resource, merge_origins
from unstale.envoy.route_configuration import route_configuration
from unstale.envoy.scope import Scope
from unstale.envoy.service import Service
from unstale.envoy.virtual_hosts import VirtualHost, VirtualHosts
from unstale.envoy.virtual_outbound import HTTP_PROXY_ROUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route configuration before it is put together: its virtual hosts, and `last` for all other requests."""

    name: str
    hosts: Sequence[VirtualHost]
    last: Json | None

    def resource(self) -> Resource:
        """Envoy's form of it."""
        values = [host.value for host in self.hosts]
        return Resource(
            name=self.name,
            value=route_configuration(self.name, [*values, self.last] if self.last else values),
            origins=LaterOrigins(lambda: merge_origins(host.origins for host in self.hosts)),
            parts=LaterParts(self._parts),
        )

    def _parts(self) -> dict[str, Origins]:
        parts: dict[str, Origins] = {}
        for host in self.hosts:
            parts[host.name] = host.origins
            for cluster in host.clusters:
                parts[cluster] = merge_origins((parts.get(cluster, ()), host.origins))
        return parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """All route configurations of one scope, by the name that a listener asks for and the port it listens on."""

    scope: Scope
    by_port: Sequence[Mapping[int, Mapping[str, Service]]]

    @classmethod
    def of(cls, scope: Scope) -> Routes:
        """Nothing is made yet."""
        return cls(scope=scope, by_port=[_by_port(one) for one in scope.egress_scopes])

    def route(self, name: str, port: int) -> Route:
        """What a listener that parses HTTP gets."""
        place = _egress_place(self.scope, name, port)
        if place is None:
            return Route(name=name, hosts=(), last=catch_all(self.scope))
        own, registered = self.scope.egress_scopes[place], self.by_port[place].get(port, {})
        if _is_proxy(own, name, port):
            return _proxy_route(own, name)
        if ":" in name:
            return _sniffed_route(own, name, port, registered)
        hosts = VirtualHosts(scope=own, port=port, registered=registered).collect()
        return Route(name=name, hosts=hosts, last=catch_all(own))

    def requested(self, name: str) -> Resource | None:
        """What a listener of the user's own gets; None under a name that is neither a port nor host and port."""
        port = name.rpartition(":")[2]
        return self.route(name, int(port)).resource() if port.isascii() and port.isdigit() else None


def _is_proxy(scope: Scope, name: str, port: int) -> bool:
    """All ports of all hosts are served: on the mesh's own proxy port, a Sidecar's, and on a socket without a port."""
    is_proxy = scope.egress is not None and scope.egress.is_http_proxy
    return is_proxy or name == HTTP_PROXY_ROUTE or not port


def _proxy_route(scope: Scope, name: str) -> Route:
    """The request says which port it wants."""
    every = {service.key: service for service in scope.registry.services}
    hosts = VirtualHosts(scope=scope, port=0, registered=every).collect()
    return Route(name=name, hosts=hosts, last=catch_all(scope))


def _by_port(scope: Scope) -> Mapping[int, Mapping[str, Service]]:
    """The hosts that one egress listener imports, by port and name; the youngest definition stays (SC-3)."""
    found: dict[int, dict[str, Service]] = {}
    for service in scope.registry.services:
        for port in service.ports:
            found.setdefault(port.number, {})[service.key] = service
    return found


def _egress_place(scope: Scope, name: str, port: int) -> int | None:
    """Which egress listener a route configuration belongs to: the one of its port, else the one for all ports."""
    number = 0 if name == HTTP_PROXY_ROUTE else port
    for place, one in enumerate(scope.egress_scopes):
        if one.egress is None or one.egress.port is None:
            return place
        if one.egress.port.number == number and (number or one.egress.bind == name):
            return place
    return None


def _sniffed_route(scope: Scope, name: str, port: int, registered: Mapping[str, Service]) -> Route:
    """A listener of one host's own address: whatever host the request names, it is that one (LI-5)."""
    host = name.rpartition(":")[0].lower()
    only = {host: registered[host]} if host in registered else {}
    hosts = VirtualHosts(scope=scope, port=port, registered=only).collect()
    own = [replace(one, value={**one.value, "domains": ["*"]}) for one in hosts if one.name == f"{host}:{port}"]
    return Route(name=name, hosts=own, last=None)
