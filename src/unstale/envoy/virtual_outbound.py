"""The listeners that belong to no host: virtualOutbound for all redirected traffic, and the mesh's HTTP proxy."""

from __future__ import annotations

from unstale.envoy.cluster_name import BLACK_HOLE
from unstale.envoy.filter_chain import HTTP_PROTOCOLS, FilterChain
from unstale.envoy.http_connection_manager import catch_all_manager, http_connection_manager
from unstale.envoy.listener import Binding, Listener, fallthrough_filters, http_inspector, socket_address
from unstale.envoy.protocol import Protocol
from unstale.envoy.resource import Json, Resource
from unstale.envoy.scope import Scope
from unstale.envoy.tcp_proxy import plain_filters

HTTP_PROXY_ROUTE = "http_proxy"


def virtual_outbound(scope: Scope) -> Resource | None:
    """The listener that all traffic is redirected to; none where nothing is redirected."""
    if not scope.proxy.is_intercepted:
        return None
    port = scope.mesh.proxy_listen_port
    blackhole = {
        "name": "virtualOutbound-blackhole",
        "filter_chain_match": {"destination_port": port},
        "filters": plain_filters(BLACK_HOLE),
    }
    value: Json = {
        "name": "virtualOutbound",
        "address": socket_address(scope.proxy.wildcard_address, port),
        "traffic_direction": "OUTBOUND",
        "use_original_dst": True,
        "filter_chains": [
            blackhole,
            *_looked_up(scope),
            {"name": "virtualOutbound-catchall-tcp", "filters": fallthrough_filters(scope)},
        ],
    }
    if scope.release.limits_accepts:
        value["max_connections_to_accept_per_socket_event"] = 1
    if scope.outbound_policy.looks_up_hosts:
        value["listener_filters"] = [http_inspector()]
    if scope.proxy.metadata.get("INTERCEPTION_MODE") == "TPROXY":
        value["transparent"] = True
    return Resource(name="virtualOutbound", value=value)


def http_proxy_listener(scope: Scope) -> Listener | None:
    """The port of the mesh at which every HTTP host is served, whatever its own port is."""
    text = scope.proxy.metadata.get("HTTP_PROXY_PORT", "")
    port = int(text) if text.isdigit() else scope.mesh.proxy_http_port
    if not port:
        return None
    binding = Binding(addresses=scope.proxy.local_addresses, is_real=True)
    listener = Listener(binding=binding, port=port, protocol=Protocol.HTTP_PROXY)
    manager = http_connection_manager(scope, listener.name, HTTP_PROXY_ROUTE, Protocol.HTTP_PROXY, None)
    listener.add([FilterChain(filters=(manager,), route_name=HTTP_PROXY_ROUTE)])
    return listener


def _looked_up(scope: Scope) -> list[Json]:
    """Requests in plain text name a host that can be looked up; no other bytes do."""
    if not scope.outbound_policy.looks_up_hosts:
        return []
    return [
        {
            "name": "virtualOutbound-catchall-tcp-http",
            "filter_chain_match": {"application_protocols": list(HTTP_PROTOCOLS)},
            "filters": [catch_all_manager(scope)],
        }
    ]
