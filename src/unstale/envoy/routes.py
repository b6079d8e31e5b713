"""Route configurations: the virtual hosts of one listener port and what becomes of all other hosts (RT-1, RT-4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from unstale.envoy.cluster_name import PASSTHROUGH
from unstale.envoy.listeners import Listener
from unstale.envoy.mesh import OutboundTrafficPolicy
from unstale.envoy.resource import Json, Origins, Resource, merge_origins
from unstale.envoy.scope import Scope
from unstale.envoy.service import Service
from unstale.envoy.virtual_hosts import VirtualHost, VirtualHosts


def outbound_routes(scope: Scope, listeners: Iterable[Listener]) -> Iterator[Resource]:
    """One for each listener that parses HTTP."""
    by_port: dict[int, dict[str, Service]] = {}
    for service in scope.registry.services:
        for port in service.ports:
            by_port.setdefault(port.number, {})[service.key] = service
    for listener in listeners:
        if listener.route_name is None:
            continue
        registered = by_port[listener.port]
        if ":" in listener.route_name:
            yield _sniffed_route(scope, listener, registered)
        else:
            hosts = VirtualHosts(scope=scope, port=listener.port, registered=registered).collect()
            yield _configuration(listener.route_name, hosts, _catch_all(scope))


def _sniffed_route(scope: Scope, listener: Listener, registered: dict[str, Service]) -> Resource:
    """A listener of one host's own address: whatever host the request names, it is that one (LI-5)."""
    name = str(listener.route_name)
    host = name.rpartition(":")[0].lower()
    only = {host: registered[host]}
    hosts = VirtualHosts(scope=scope, port=listener.port, registered=only).collect()
    own = [
        replace(one, value={**one.value, "domains": ["*"]}) for one in hosts if one.name == f"{host}:{listener.port}"
    ]
    return _configuration(name, own, None)


def _configuration(name: str, hosts: list[VirtualHost], catch_all: Json | None) -> Resource:
    parts: dict[str, Origins] = {}
    for host in hosts:
        parts[host.name] = host.origins
        for cluster in host.clusters:
            parts[cluster] = merge_origins((parts.get(cluster, ()), host.origins))
    value: Json = {
        "name": name,
        "virtual_hosts": [host.value for host in hosts] + ([catch_all] if catch_all else []),
        "validate_clusters": False,
        "ignore_port_in_host_matching": True,
        "max_direct_response_body_size_bytes": 1048576,
    }
    return Resource(name=name, value=value, origins=merge_origins(host.origins for host in hosts), parts=parts)


def _catch_all(scope: Scope) -> Json:
    """Hosts that no manifest names; passed through without any retries."""
    if scope.mesh.outbound_traffic_policy is OutboundTrafficPolicy.ALLOW_ANY:
        name = "allow_any"
        action: Json = {
            "route": {"cluster": PASSTHROUGH, "timeout": "0s", "max_grpc_timeout": "0s"},
        }
    else:
        name, action = "block_all", {"direct_response": {"status": 502}}
    return {
        "name": name,
        "domains": ["*"],
        "include_request_attempt_count": True,
        "routes": [{"name": name, "match": {"prefix": "/"}, **action}],
    }
