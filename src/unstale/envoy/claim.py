"""A host's claim on a listener, and what becomes of all claims on the same address and port (LI-6).

Hosts share a listener when they claim the same address and port, the oldest first. HTTP and TCP can stand side by side
(the HTTP inspector tells them apart); of two hosts that claim the same bytes only the older one gets them. A claim
says nothing of other claims, so those of a host are made once and settled again whenever a neighbour changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from unstale.envoy.connection_chains import connection_chains
from unstale.envoy.filter_chain import HTTP_PROTOCOLS, FilterChain
from unstale.envoy.http_connection_manager import http_connection_manager
from unstale.envoy.listener import Binding, Listener
from unstale.envoy.protocol import Protocol
from unstale.envoy.scope import Scope
from unstale.envoy.service import Order, Port, Service

Address = tuple[str, int]
"""The first address of a listener and its port."""


@dataclass(slots=True, kw_only=True, eq=False)
class Claim:
    """One port of one service that wants to be served at an address.

    `owner` is the host in lower case. `egress` numbers the Sidecar's egress listener that imports it; `locks` is the
    last one up to it that serves all ports: what was claimed before that one is not shared (SC-4), -1 for none.
    """

    order: Order
    owner: str
    egress: int
    locks: int
    binding: Binding
    service: Service
    port: Port
    scope: Scope = field(repr=False)
    protocol: Protocol = field(init=False)
    _chains: tuple[FilterChain, ...] | None = None

    def __post_init__(self) -> None:
        self.protocol = self.port.protocol

    @property
    def address(self) -> Address:
        """What it claims."""
        return (self.binding.primary, self.port.number)

    @property
    def is_for_listener(self) -> bool:
        """A listener is made for it if it is the first."""
        return self.protocol is not Protocol.UDP

    @property
    def is_wildcard(self) -> bool:
        """At every address."""
        return self.binding.primary == self.scope.proxy.wildcard_address

    @property
    def chains(self) -> tuple[FilterChain, ...]:
        """Made when they are first needed: of HTTP hosts only the first one's are."""
        if self._chains is None:
            self._chains = tuple(_chains(self.scope, self.binding, self.service, self.port))
        return self._chains

    def gives_what(self, other: Claim) -> bool:
        """Gave: settled among the same neighbours, this claim comes to what the other came to."""
        if (self.order, self.binding, self.port) != (other.order, other.binding, other.port):
            return False
        if self.protocol.is_http:
            return self.service == other.service and self.service.entry is other.service.entry
        return not self.protocol.is_sniffed and other._chains is not None and self.chains == other._chains


def settle(claims: Sequence[Claim]) -> Listener | None:
    """The listener of all claims on one address, in their order; None where none of them needs one."""
    if len({(claim.protocol, claim.egress) for claim in claims}) == 1:
        return _settled_alike(claims)
    current: Listener | None = None
    claimed = 0
    for claim in claims:
        protocol = claim.protocol
        if protocol is Protocol.UDP or (current is not None and claimed < claim.locks):
            continue
        if current is None or _takes_over(protocol, current.protocol):
            current, claimed = _first(claim), claim.egress
        elif (current.protocol.is_tcp or not protocol.is_http) and _may_share(protocol, current.protocol):
            _join(current, claim)
    return current


def _settled_alike(claims: Sequence[Claim]) -> Listener | None:
    """Of one protocol: thousands of hosts share the ports of HTTP and of TLS, and nearly always this is how."""
    first = claims[0]
    if not first.is_for_listener:
        return None
    listener = _first(first)
    protocol = first.protocol
    if protocol is Protocol.HTTP_PROXY:
        return _first(claims[-1])
    if protocol.is_sniffed:
        for claim in claims[1:]:
            _join(listener, claim)
    elif not protocol.is_http:
        listener.add(chain.from_iterable([claim.chains for claim in claims[1:]]))
    return listener


def _takes_over(protocol: Protocol, current: Protocol) -> bool:
    return protocol is Protocol.HTTP_PROXY or (protocol.is_sniffed and current.is_http)


def _first(claim: Claim) -> Listener:
    protocol = claim.protocol
    is_sniffed = protocol.is_http and claim.is_wildcard and protocol is not Protocol.HTTP_PROXY
    recorded = Protocol.UNSUPPORTED if is_sniffed else protocol
    listener = Listener(binding=claim.binding, port=claim.port.number, protocol=recorded)
    listener.add(claim.chains)
    return listener


def _join(current: Listener, claim: Claim) -> None:
    protocol = claim.protocol
    if protocol.is_sniffed and current.protocol.is_sniffed:
        scope, binding = claim.scope, claim.binding
        if scope.release.merges_detected_chains:
            chains = connection_chains(scope, claim.service, claim.port, binding.primary, is_own=binding.is_own)
            current.add(chains)
        return
    current.add(claim.chains)
    if protocol.is_http_or_sniffed or current.protocol.is_http:
        current.protocol = Protocol.UNSUPPORTED


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
