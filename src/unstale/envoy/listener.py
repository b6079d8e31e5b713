"""One listener in the making: the chains of all hosts that claimed its address and port (LI-2, LI-6)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from unstale.envoy.filter_chain import FilterChain, MatchKey, parts_named_in
from unstale.envoy.later import LaterOrigins, LaterParts
from unstale.envoy.protocol import Protocol
from unstale.envoy.release import Release
from unstale.envoy.resource import Json, Origins, Resource, merge_origins, typed
from unstale.envoy.scope import Scope
from unstale.envoy.tcp_proxy import plain_filters

_INSPECTORS = "extensions.filters.listener"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """The addresses of a listener, the first of which names it; `is_real` where it opens the port by itself.

    Without addresses those of the host are taken, which `is_own` then tells.
    """

    addresses: tuple[str, ...] = ()
    is_real: bool = False
    is_own: bool = False

    @property
    def primary(self) -> str:
        """Empty without addresses."""
        return self.addresses[0] if self.addresses else ""


@dataclass(slots=True, kw_only=True)
class Listener:
    """`protocol` is that of the first host, UNSUPPORTED where bytes are looked at before they are routed."""

    binding: Binding
    port: int
    protocol: Protocol
    chains: dict[MatchKey, FilterChain] = field(default_factory=dict)
    refused: list[tuple[FilterChain, FilterChain]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Envoy's name of it."""
        return f"{self.binding.primary}_{self.port}"

    @property
    def route_name(self) -> str | None:
        """The route configuration of its HTTP chain."""
        return next((chain.route_name for chain in self.chains.values() if chain.route_name), None)

    def add(self, chains: Iterable[FilterChain]) -> None:
        """Of chains with equal match the first stays; `refused` keeps the pair."""
        known = self.chains
        for chain in chains:
            first = known.setdefault(chain.match_key, chain)
            if first is not chain:
                self.refused.append((first, chain))


def listener_resource(scope: Scope, listener: Listener) -> Resource:
    """Envoy's form of it."""
    chains = list(listener.chains.values())
    fallthrough = next((chain for chain in chains if chain.matches_all), None)
    if fallthrough is not None and len(chains) > 1:
        chains.remove(fallthrough)
    value: Json = {
        "name": listener.name,
        **_addresses(listener),
        "traffic_direction": "OUTBOUND",
        "continue_on_listener_filters_timeout": True,
        "listener_filters_timeout": "0s",
        "filter_chains": [chain.value for chain in chains],
    }
    if listener.binding.is_real and scope.release.limits_bound_accepts:
        value["max_connections_to_accept_per_socket_event"] = 1
    if not listener.binding.is_real:
        value["bind_to_port"] = False
    if fallthrough is None:
        value["default_filter_chain"] = _passthrough_chain(scope)
    elif len(listener.chains) > 1:
        value["default_filter_chain"] = fallthrough.value
    inspectors = list(_inspectors(listener.chains.values(), scope.release))
    if inspectors:
        value["listener_filters"] = inspectors
    if inspectors and inspectors[-1]["name"].endswith("http_inspector"):
        value["listener_filters_timeout"] = scope.mesh.protocol_detection_timeout.protobuf
    return Resource(
        name=listener.name,
        value=value,
        origins=LaterOrigins(lambda: merge_origins(chain.origins for chain in listener.chains.values())),
        parts=LaterParts(lambda: _parts(listener)),
    )


def _parts(listener: Listener) -> dict[str, Origins]:
    """By what the chains lead to; of several chains to one cluster the first."""
    return {name: chain.origins for chain in reversed(listener.chains.values()) for name in parts_named_in(chain.value)}


def http_inspector() -> Json:
    """Tells HTTP from other bytes."""
    return typed("envoy.filters.listener.http_inspector", f"{_INSPECTORS}.http_inspector.v3.HttpInspector")


def socket_address(address: str, port: int) -> Json:
    """Envoy's form of an address; without a port it is a socket in the file system."""
    if not port:
        return {"pipe": {"path": address.removeprefix("unix://")}}
    return {"socket_address": {"address": address, "port_value": port}}


def fallthrough_filters(scope: Scope) -> list[Json]:
    """What becomes of bytes that nobody claims."""
    idle_timeout = scope.proxy.idle_timeout
    fields = {} if idle_timeout is None else {"idle_timeout": idle_timeout.protobuf}
    return plain_filters(scope.outbound_policy.cluster, **fields)


def _addresses(listener: Listener) -> Json:
    first, *more = listener.binding.addresses
    value: Json = {"address": socket_address(first, listener.port)}
    if more:
        value["additional_addresses"] = [{"address": socket_address(one, listener.port)} for one in more]
    return value


def _inspectors(chains: Collection[FilterChain], release: Release) -> Iterator[Json]:
    parses_http = any(chain.application_protocols for chain in chains)
    if any(chain.needs_server_name for chain in chains) or (parses_http and release.inspects_tls_for_http):
        yield typed(
            "envoy.filters.listener.tls_inspector",
            f"{_INSPECTORS}.tls_inspector.v3.TlsInspector",
            initial_read_buffer_size=512,
        )
    if parses_http:
        yield http_inspector()


def _passthrough_chain(scope: Scope) -> Json:
    """What none of the hosts on the port claims."""
    return {"name": "PassthroughFilterChain", "filter_chain_match": {}, "filters": fallthrough_filters(scope)}
