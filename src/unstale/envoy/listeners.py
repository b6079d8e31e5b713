"""Listeners: one for each address and port that some host claims, and virtualOutbound for the rest (LI).

Hosts share a listener when they claim the same address and port, the oldest first. HTTP and TCP can stand side by side
(the HTTP inspector tells them apart); of two hosts that claim the same bytes only the older one gets them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from unstale.envoy.cluster_name import BLACK_HOLE, PASSTHROUGH
from unstale.envoy.connection_chains import connection_chains
from unstale.envoy.filter_chain import HTTP_PROTOCOLS, FilterChain, MatchKey
from unstale.envoy.http_connection_manager import http_connection_manager
from unstale.envoy.mesh import OutboundTrafficPolicy
from unstale.envoy.protocol import Protocol
from unstale.envoy.resource import Json, Resource, merge_origins, typed
from unstale.envoy.scope import Scope
from unstale.envoy.service import Port, Service
from unstale.envoy.tcp_proxy import plain_filters

_INSPECTORS = "extensions.filters.listener"
_RESERVED = ("ENVOY_STATUS_PORT", "ENVOY_PROMETHEUS_PORT")


@dataclass(slots=True, kw_only=True)
class Listener:
    """A listener in the making; `protocol` is that of the first host, UNSUPPORTED once HTTP and TCP met."""

    bind: str
    port: int
    protocol: Protocol
    chains: dict[MatchKey, FilterChain] = field(default_factory=dict)
    route_name: str | None = None

    def add(self, chains: list[FilterChain]) -> None:
        """Of chains with equal match the first stays."""
        for chain in chains:
            self.chains.setdefault(chain.match_key, chain)

    def gives_way_to(self, protocol: Protocol) -> bool:
        """A port that is an HTTP proxy takes all HTTP of the listener (PR-2)."""
        is_proxy = self.protocol is Protocol.HTTP_PROXY
        return protocol is Protocol.HTTP_PROXY and self.protocol.is_http and not is_proxy

    def may_share_with(self, protocol: Protocol) -> bool:
        """LI-6: a protocol in which the server talks first shares with nothing but itself."""
        if protocol is self.protocol:
            return True
        if protocol.is_server_first or self.protocol.is_server_first:
            return False
        return self.protocol is not Protocol.HTTP_PROXY or protocol.is_http


def outbound_listeners(scope: Scope) -> list[Listener]:
    """All but virtualOutbound, in the order in which they were claimed."""
    listeners: dict[tuple[str, int], Listener] = {}
    reserved = _reserved_ports(scope)
    for service in scope.registry.services:
        for port in service.ports:
            if port.protocol is Protocol.UDP or (port.protocol.is_http and port.number in reserved):
                continue
            bind = scope.proxy.wildcard_address
            if service.has_address and not port.protocol.is_http:
                bind = service.address
            _claim(scope, listeners, bind, service, port)
    return list(listeners.values())


def listener_resource(scope: Scope, listener: Listener) -> Resource:
    """Envoy's form of it."""
    chains = list(listener.chains.values())
    fallthrough = next((chain for chain in chains if chain.matches_all), None)
    if fallthrough is not None and len(chains) > 1:
        chains.remove(fallthrough)
    name = f"{listener.bind}_{listener.port}"
    value: Json = {
        "name": name,
        "address": _socket_address(listener.bind, listener.port),
        "traffic_direction": "OUTBOUND",
        "bind_to_port": False,
        "continue_on_listener_filters_timeout": True,
        "listener_filters_timeout": "0s",
        "filter_chains": [chain.as_json() for chain in chains],
    }
    additional = scope.proxy.additional_wildcard
    if additional is not None and listener.bind == scope.proxy.wildcard_address:
        value["additional_addresses"] = [{"address": _socket_address(additional, listener.port)}]
    if fallthrough is None:
        value["default_filter_chain"] = _passthrough_chain(scope)
    elif len(listener.chains) > 1:
        value["default_filter_chain"] = fallthrough.as_json()
    inspectors = list(_inspectors(listener.chains.values()))
    if inspectors:
        value["listener_filters"] = inspectors
    if inspectors and inspectors[-1]["name"].endswith("http_inspector"):
        value["listener_filters_timeout"] = scope.mesh.protocol_detection_timeout.protobuf
    return Resource(
        name=name,
        value=value,
        origins=merge_origins(chain.origins for chain in listener.chains.values()),
        parts={cluster: chain.origins for chain in reversed(listener.chains.values()) for cluster in chain.clusters},
    )


def virtual_outbound(scope: Scope) -> Resource:
    """The listener that all traffic is redirected to (LI-1)."""
    port = scope.mesh.proxy_listen_port
    value: Json = {
        "name": "virtualOutbound",
        "address": _socket_address(scope.proxy.wildcard_address, port),
        "traffic_direction": "OUTBOUND",
        "use_original_dst": True,
        "max_connections_to_accept_per_socket_event": 1,
        "filter_chains": [
            {
                "name": "virtualOutbound-blackhole",
                "filter_chain_match": {"destination_port": port},
                "filters": plain_filters(BLACK_HOLE),
            },
            {"name": "virtualOutbound-catchall-tcp", "filters": _fallthrough_filters(scope)},
        ],
    }
    return Resource(name="virtualOutbound", value=value)


def _claim(scope: Scope, listeners: dict[tuple[str, int], Listener], bind: str, service: Service, port: Port) -> None:
    """Give a service port its place on the listener, if it is still free."""
    key, protocol = (bind, port.number), port.protocol
    listener = listeners.get(key)
    if listener is None or listener.gives_way_to(protocol):
        listener = listeners[key] = Listener(bind=bind, port=port.number, protocol=protocol)
    elif not listener.may_share_with(protocol):
        return
    if not protocol.is_http:
        listener.add(connection_chains(scope, service, port))
    if protocol.is_http_or_sniffed:
        _add_http(scope, listener, service, port)
    if protocol.is_http != listener.protocol.is_http:
        listener.protocol = Protocol.UNSUPPORTED


def _add_http(scope: Scope, listener: Listener, service: Service, port: Port) -> None:
    """The HTTP chain is made for the first host; later ones only join its routes."""
    if listener.route_name is not None:
        return
    is_wildcard = listener.bind == scope.proxy.wildcard_address
    route_name = str(port.number) if is_wildcard else f"{service.host}:{port.number}"
    manager = http_connection_manager(
        listener.bind,
        port.number,
        route_name,
        scope.proxy,
        is_grpc_web=port.protocol is Protocol.GRPC_WEB,
    )
    is_open = port.protocol is Protocol.HTTP_PROXY
    chain = FilterChain(
        filters=(manager,),
        application_protocols=() if is_open else HTTP_PROTOCOLS,
        transport_protocol="" if is_open else "raw_buffer",
        origins=(service.entry.origin,),
    )
    listener.add([chain])
    if listener.chains[chain.match_key] is chain:
        listener.route_name = route_name


def _reserved_ports(scope: Scope) -> set[int]:
    """Ports of Envoy itself: HTTP hosts get no listener there, TCP hosts do."""
    own = {scope.mesh.proxy_listen_port, scope.mesh.proxy_inbound_listen_port}
    named = (scope.proxy.metadata.get(name, "") for name in _RESERVED)
    return own | {int(text) for text in named if text.isdigit()}


def _inspectors(chains: Collection[FilterChain]) -> Iterator[Json]:
    if any(chain.server_names for chain in chains):
        yield typed(
            "envoy.filters.listener.tls_inspector",
            f"{_INSPECTORS}.tls_inspector.v3.TlsInspector",
            initial_read_buffer_size=512,
        )
    if any(chain.application_protocols for chain in chains):
        yield typed("envoy.filters.listener.http_inspector", f"{_INSPECTORS}.http_inspector.v3.HttpInspector")


def _passthrough_chain(scope: Scope) -> Json:
    """What none of the hosts on the port claims."""
    return {"name": "PassthroughFilterChain", "filter_chain_match": {}, "filters": _fallthrough_filters(scope)}


def _fallthrough_filters(scope: Scope) -> list[Json]:
    is_open = scope.mesh.outbound_traffic_policy is OutboundTrafficPolicy.ALLOW_ANY
    idle_timeout = scope.proxy.idle_timeout
    fields = {} if idle_timeout is None else {"idle_timeout": idle_timeout.protobuf}
    return plain_filters(PASSTHROUGH if is_open else BLACK_HOLE, **fields)


def _socket_address(address: str, port: int) -> Json:
    return {"socket_address": {"address": address, "port_value": port}}
