"""Listeners: one for each address and port that some host claims (LI).

Hosts share a listener when they claim the same address and port, the oldest first. HTTP and TCP can stand side by side
(the HTTP inspector tells them apart); of two hosts that claim the same bytes only the older one gets them.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.connection_chains import connection_chains
from unstale.envoy.filter_chain import HTTP_PROTOCOLS, FilterChain
from unstale.envoy.http_connection_manager import http_connection_manager
from unstale.envoy.listener import Binding, Listener
from unstale.envoy.protocol import Protocol
from unstale.envoy.scope import Scope
from unstale.envoy.service import UNSPECIFIED, Port, Service
from unstale.istio.validation.names import is_address

_RESERVED = ("ENVOY_STATUS_PORT", "ENVOY_PROMETHEUS_PORT")
_UNPRIVILEGED = 1024

Listeners = dict[tuple[str, int], Listener]


def outbound_listeners(scope: Scope) -> list[Listener]:
    """All but virtualOutbound, in the order in which they were claimed."""
    listeners: Listeners = {}
    for one in scope.egress_scopes:
        _claim_for_egress(one, listeners)
    return list(listeners.values())


def _claim_for_egress(scope: Scope, listeners: Listeners) -> None:
    """What one egress listener imports; one for all ports leaves those alone that others before it have (SC-4)."""
    binding = _binding(scope)
    own = scope.egress.port if scope.egress else None
    if own is not None:
        for service in scope.registry.services if may_bind(scope, binding, own) else ():
            claim(scope, listeners, binding, service, own)
        return
    for listener in listeners.values():
        listener.is_locked = True
    for service in scope.registry.services:
        for port in service.ports:
            if may_bind(scope, binding, port):
                for one in _bindings(scope, binding, service, port):
                    claim(scope, listeners, one, service, port)


def _binding(scope: Scope) -> Binding:
    """What is not redirected to it has a port of its own, on the loopback where no address is named."""
    egress = scope.egress
    is_real = not scope.proxy.is_intercepted or (egress is not None and not egress.is_captured)
    if egress is not None and egress.bind:
        return Binding(addresses=(egress.bind,), is_real=is_real)
    return Binding(addresses=scope.proxy.local_addresses, is_real=True) if is_real else Binding()


def may_bind(scope: Scope, binding: Binding, port: Port) -> bool:
    """Ports of Envoy itself are its own, those of the system too where the pod may not open them."""
    if binding.is_real and 0 < port.number < _UNPRIVILEGED and scope.proxy.is_unprivileged:
        return False
    is_on_wildcard = binding.primary == scope.proxy.wildcard_address
    if not is_on_wildcard and (binding.addresses or not port.protocol.is_http):
        return True
    own = {scope.mesh.proxy_listen_port, scope.mesh.proxy_inbound_listen_port}
    named = (scope.proxy.metadata.get(name, "") for name in _RESERVED)
    return port.number not in own | {int(text) for text in named if text.isdigit()}


def claim(scope: Scope, listeners: Listeners, binding: Binding, service: Service, port: Port) -> None:
    """Give a service port its place on the listener, if it is still free."""
    binding = _completed(scope, binding, service, port)
    key, protocol = (binding.primary, port.number), port.protocol
    current = listeners.get(key)
    if protocol is Protocol.UDP or (current is not None and current.is_locked):
        return
    is_wildcard = binding.primary == scope.proxy.wildcard_address
    if current is None or protocol is Protocol.HTTP_PROXY or (protocol.is_sniffed and current.protocol.is_http):
        is_sniffed = protocol.is_http and is_wildcard and protocol is not Protocol.HTTP_PROXY
        recorded = Protocol.UNSUPPORTED if is_sniffed else protocol
        listeners[key] = Listener(binding=binding, port=port.number, protocol=recorded)
        listeners[key].add(_chains(scope, binding, service, port))
    elif (protocol.is_http and not current.protocol.is_tcp) or not _may_share(protocol, current.protocol):
        return
    elif protocol.is_sniffed and current.protocol.is_sniffed:
        if scope.release.merges_detected_chains:
            current.add(connection_chains(scope, service, port, binding.primary, is_own=binding.is_own))
    else:
        current.add(_chains(scope, binding, service, port))
        if protocol.is_http_or_sniffed or current.protocol.is_http:
            current.protocol = Protocol.UNSUPPORTED


def _bindings(scope: Scope, binding: Binding, service: Service, port: Port) -> Iterator[Binding]:
    """A host without an address of its own whose workloads are known gets one listener for each of them."""
    is_per_workload = (
        not binding.addresses
        and service.is_passthrough
        and service.address == UNSPECIFIED
        and (port.protocol.is_tcp or port.protocol.is_sniffed)
    )
    endpoints = scope.registry.endpoints(service, port) if is_per_workload else ()
    if not is_per_workload or (not endpoints and service.entry.workload_selector is None):
        yield binding
        return
    for endpoint in endpoints:
        if is_address(endpoint.address) and endpoint.address != scope.proxy.ip_addresses[0]:
            yield Binding(addresses=(endpoint.address,))


def _completed(scope: Scope, binding: Binding, service: Service, port: Port) -> Binding:
    """Connections are taken at the host's own address, requests and ranges at every address."""
    if binding.addresses:
        return binding
    if port.protocol.is_http or not service.has_address:
        return Binding(addresses=scope.proxy.wildcard_addresses, is_own=True)
    return Binding(addresses=(service.address, *service.more_addresses), is_own=True)


def _may_share(protocol: Protocol, current: Protocol) -> bool:
    """LI-6: a protocol in which the server talks first shares with nothing but itself."""
    return protocol is current or not (protocol.is_server_first or current.is_server_first)


def _chains(scope: Scope, binding: Binding, service: Service, port: Port) -> Iterator[FilterChain]:
    if not port.protocol.is_http:
        yield from connection_chains(scope, service, port, binding.primary, is_own=binding.is_own)
    if port.protocol.is_http_or_sniffed:
        yield _http_chain(scope, binding, service, port)


def _http_chain(scope: Scope, binding: Binding, service: Service, port: Port) -> FilterChain:
    """Made for the first host; later ones only join its routes."""
    is_wildcard = binding.primary == scope.proxy.wildcard_address
    is_own = port.protocol.is_sniffed and not is_wildcard
    route_name = f"{service.host}:{port.number}" if is_own else str(port.number)
    if not port.number:
        route_name = binding.primary
    manager = http_connection_manager(scope, f"{binding.primary}_{port.number}", route_name, port.protocol, service)
    is_matched = port.protocol.is_sniffed or (is_wildcard and port.protocol is not Protocol.HTTP_PROXY)
    return FilterChain(
        filters=(manager,),
        application_protocols=HTTP_PROTOCOLS if is_matched else (),
        transport_protocol="raw_buffer" if is_matched else "",
        route_name=route_name,
        origins=(service.entry.origin,),
    )
