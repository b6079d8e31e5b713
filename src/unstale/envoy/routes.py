"""Route configurations: the virtual hosts of one listener port and what becomes of all other hosts (RT-1, RT-4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from unstale.envoy.catch_all import catch_all
from unstale.envoy.listener import Listener
from unstale.envoy.resource import Json, Origins, Resource, merge_origins
from unstale.envoy.route_configuration import route_configuration
from unstale.envoy.scope import Scope
from unstale.envoy.service import Service
from unstale.envoy.virtual_hosts import VirtualHost, VirtualHosts
from unstale.envoy.virtual_outbound import HTTP_PROXY_ROUTE

_ByPort = dict[int, dict[str, Service]]


def outbound_routes(scope: Scope, listeners: Iterable[Listener]) -> Iterator[Resource]:
    """One for each listener that parses HTTP."""
    by_port = [_by_port(one) for one in scope.egress_scopes]
    for listener in listeners:
        if listener.route_name is not None:
            yield _route(scope, by_port, listener.route_name, listener.port)


def requested_route(scope: Scope, name: str) -> Resource | None:
    """What a listener of the user's own gets under a name; None under one that is neither a port nor host and port."""
    port = name.rpartition(":")[2]
    if not (port.isascii() and port.isdigit()):
        return None
    return _route(scope, [_by_port(one) for one in scope.egress_scopes], name, int(port))


def _route(scope: Scope, by_port: Sequence[_ByPort], name: str, port: int) -> Resource:
    place = _egress_place(scope, name, port)
    if place is None:
        return _configuration(name, [], catch_all(scope))
    own, registered = scope.egress_scopes[place], by_port[place].get(port, {})
    if _is_proxy(own, name, port):
        return _proxy_route(own, name)
    if ":" in name:
        return _sniffed_route(own, name, port, registered)
    hosts = VirtualHosts(scope=own, port=port, registered=registered).collect()
    return _configuration(name, hosts, catch_all(own))


def _is_proxy(scope: Scope, name: str, port: int) -> bool:
    """All ports of all hosts are served: on the mesh's own proxy port, a Sidecar's, and on a socket without a port."""
    is_proxy = scope.egress is not None and scope.egress.is_http_proxy
    return is_proxy or name == HTTP_PROXY_ROUTE or not port


def _proxy_route(scope: Scope, name: str) -> Resource:
    """The request says which port it wants."""
    every = {service.key: service for service in scope.registry.services}
    hosts = VirtualHosts(scope=scope, port=0, registered=every).collect()
    return _configuration(name, hosts, catch_all(scope))


def _by_port(scope: Scope) -> _ByPort:
    """The hosts that one egress listener imports, by port and name; the youngest definition stays (SC-3)."""
    found: _ByPort = {}
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


def _sniffed_route(scope: Scope, name: str, port: int, registered: dict[str, Service]) -> Resource:
    """A listener of one host's own address: whatever host the request names, it is that one (LI-5)."""
    host = name.rpartition(":")[0].lower()
    only = {host: registered[host]} if host in registered else {}
    hosts = VirtualHosts(scope=scope, port=port, registered=only).collect()
    own = [replace(one, value={**one.value, "domains": ["*"]}) for one in hosts if one.name == f"{host}:{port}"]
    return _configuration(name, own, None)


def _configuration(name: str, hosts: list[VirtualHost], last: Json | None) -> Resource:
    parts: dict[str, Origins] = {}
    for host in hosts:
        parts[host.name] = host.origins
        for cluster in host.clusters:
            parts[cluster] = merge_origins((parts.get(cluster, ()), host.origins))
    value = route_configuration(name, [host.value for host in hosts] + ([last] if last else []))
    return Resource(name=name, value=value, origins=merge_origins(host.origins for host in hosts), parts=parts)
