"""The chains that carry connections without looking into them: TLS by server name, and TCP (LI-3, LI-4, TC).

`tls` and `tcp` routes of a VirtualService are tried in order at compile time as far as they depend on the pod and the
port; what is left becomes chains. Some of Istio's own quirks are visible on the wire and therefore kept: subnets of one
`tls` match stay in force for the next, and a `tcp` match without subnets throws away those collected before it.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.filter_chain import FilterChain
from unstale.envoy.proxy import Proxy
from unstale.envoy.resource import Origins
from unstale.envoy.scope import Scope
from unstale.envoy.service import UNSPECIFIED, Port, Service
from unstale.envoy.tcp_proxy import route_filters, service_filters
from unstale.envoy.virtual_services import MESH_GATEWAY, Routing
from unstale.istio.virtual_service import L4MatchAttributes, TCPRoute, TLSMatchAttributes, TLSRoute


def connection_chains(scope: Scope, service: Service, port: Port, bind: str, *, is_own: bool) -> list[FilterChain]:
    """All chains of one service port that is not parsed as HTTP, on a listener at `bind`.

    `is_own` says that the listener is there because of the host's own address; only then its range is a condition.
    """
    routings = scope.virtual_services.for_connections_to(service.key)
    subnets = (service.address_range,) if service.address_range and is_own else ()
    if not port.protocol.is_tls:
        return list(_tcp_chains(scope, service, port, routings, subnets))
    is_shared = service.address == UNSPECIFIED and bind == scope.proxy.wildcard_address
    is_named = is_shared or bool(service.address_range) or scope.looks_up(service)
    names = (service.host,) if is_named else ()
    return list(_tls_chains(scope, service, port, routings, subnets, names))


def _tls_chains(
    scope: Scope,
    service: Service,
    port: Port,
    routings: list[Routing],
    own: tuple[str, ...],
    names: tuple[str, ...],
) -> Iterator[FilterChain]:
    subnets = own
    seen = set()
    for routing in routings:
        for route in routing.spec.tls:
            for match in route.match:
                if not _holds(match, scope.proxy, port.number):
                    continue
                subnets = match.destination_subnets or subnets
                key = (match.sni_hosts, match.destination_subnets)
                if key not in seen:
                    seen.add(key)
                    yield _routed(scope, service, port, routing, route, match.sni_hosts, subnets)
    if not seen:
        yield _plain(scope, service, port, own, names)


def _tcp_chains(
    scope: Scope, service: Service, port: Port, routings: list[Routing], own: tuple[str, ...]
) -> Iterator[FilterChain]:
    is_covered = False
    for routing in routings:
        for route in routing.spec.tcp:
            subnets = _collected_subnets(route, scope.proxy, port.number)
            if subnets is None:
                continue
            if not subnets:
                yield _routed(scope, service, port, routing, route, (), own)
                return
            yield _routed(scope, service, port, routing, route, (), subnets, is_marked=False)
            is_covered = is_covered or set(subnets) == set(own)
    if not is_covered:
        yield _plain(scope, service, port, own, ())


def _collected_subnets(route: TCPRoute, proxy: Proxy, port: int) -> tuple[str, ...] | None:
    """The subnets of all matches that hold, empty if one holds for every destination, None if none holds."""
    if not route.match:
        return ()
    holding = [match for match in route.match if _holds(match, proxy, port)]
    if not holding:
        return None
    if any(not match.destination_subnets for match in holding):
        return ()
    return tuple(sorted(subnet for match in holding for subnet in match.destination_subnets))


def _holds(match: TLSMatchAttributes | L4MatchAttributes, proxy: Proxy, port: int) -> bool:
    """What can be told without a connection."""
    return (
        (not match.gateways or MESH_GATEWAY in match.gateways)
        and proxy.matches(match.source_labels)
        and match.port in (None, 0, port)
        and (not match.source_namespace or match.source_namespace == proxy.namespace)
    )


def _routed(
    scope: Scope,
    service: Service,
    port: Port,
    routing: Routing,
    route: TLSRoute | TCPRoute,
    server_names: tuple[str, ...],
    subnets: tuple[str, ...],
    *,
    is_marked: bool = True,
) -> FilterChain:
    return FilterChain(
        filters=tuple(route_filters(scope, routing, route.route, port)),
        server_names=server_names,
        subnets=subnets,
        config=routing.config if is_marked else None,
        origins=(service.entry.origin, routing.spec.origin),
    )


def _plain(
    scope: Scope, service: Service, port: Port, subnets: tuple[str, ...], server_names: tuple[str, ...]
) -> FilterChain:
    rule = scope.rules.find(service)
    origins: Origins = (service.entry.origin, *(rule.origins if rule else ()))
    return FilterChain(
        filters=tuple(service_filters(scope, service, port)),
        server_names=server_names,
        subnets=subnets,
        origins=origins,
    )
