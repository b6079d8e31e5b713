"""Which listeners the hosts claim: one for each address and port (LI)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unstale.envoy.claim import Claim
from unstale.envoy.listener import Binding
from unstale.envoy.scope import Scope
from unstale.envoy.service import UNSPECIFIED, Order, Port, Service
from unstale.istio.validation.names import is_address

_RESERVED = ("ENVOY_STATUS_PORT", "ENVOY_PROMETHEUS_PORT")
_UNPRIVILEGED = 1024


def outbound_claims(scope: Scope, orders: Sequence[Sequence[Order]]) -> Iterator[Claim]:
    """All but virtualOutbound's, in the order in which they count; `orders` are those of each egress's services.

    What one egress listener imports; one for all ports leaves those alone that others before it have (SC-4).
    """
    locks = -1
    for number, one in enumerate(scope.egress_scopes):
        if one.egress is None or one.egress.port is None:
            locks = number
        yield from _claims(one, number, locks, orders[number])


def _claims(scope: Scope, number: int, locks: int, orders: Sequence[Order]) -> Iterator[Claim]:
    own = scope.egress.port if scope.egress else None
    binding = _binding(scope)
    everywhere = Binding(addresses=scope.proxy.wildcard_addresses, is_own=True)
    for service, order in zip(scope.registry.services, orders, strict=True):
        claimed = 0
        for port in service.ports if own is None else (own,):
            if not may_bind(scope, binding, port):
                continue
            for found in _bindings(scope, binding, service, port) if own is None else (binding,):
                yield Claim(
                    order=(*order, claimed),
                    owner=service.key,
                    egress=number,
                    locks=locks,
                    binding=found if found.addresses else _of_host(everywhere, service, port),
                    service=service,
                    port=port,
                    scope=scope,
                )
                claimed += 1


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


def _of_host(everywhere: Binding, service: Service, port: Port) -> Binding:
    """Connections are taken at the host's own address, requests and ranges at every address."""
    if port.protocol.is_http or not service.has_address:
        return everywhere
    return Binding(addresses=(service.address, *service.more_addresses), is_own=True)
