"""The nested match of a patch in one row; what is not written asks for nothing."""

from __future__ import annotations

from unstale.envoy.envoy_filter.patch import Match
from unstale.istio.envoy_filter import (
    ClusterMatch,
    EnvoyConfigObjectMatch,
    FilterChainMatch,
    ListenerMatch,
    RouteConfigurationMatch,
    VirtualHostMatch,
)


def match_of(match: EnvoyConfigObjectMatch | None) -> Match:
    """At most one kind of object is named."""
    if match is None:
        return Match()
    if match.cluster is not None:
        return _cluster(match.cluster)
    if match.route_configuration is not None:
        return _route_configuration(match.route_configuration)
    return _listener(match.listener) if match.listener is not None else Match()


def _cluster(wanted: ClusterMatch) -> Match:
    return Match(
        name=wanted.name or "",
        port=wanted.port_number or 0,
        service=wanted.service or "",
        subset=wanted.subset or "",
    )


def _route_configuration(wanted: RouteConfigurationMatch) -> Match:
    host = wanted.vhost or VirtualHostMatch()
    return Match(
        name=wanted.name or "",
        port=wanted.port_number or 0,
        virtual_host=host.name or "",
        domain=host.domain_name or "",
        route=None if host.route is None else host.route.name or "",
        route_action=str(host.route.action or "") if host.route else "",
    )


def _listener(wanted: ListenerMatch) -> Match:
    chain = wanted.filter_chain or FilterChainMatch()
    inner = chain.filter.sub_filter if chain.filter else None
    return Match(
        name=wanted.name or "",
        port=wanted.port_number or 0,
        listener_filter=wanted.listener_filter or "",
        chain=chain.name or "",
        sni=chain.sni or "",
        transport_protocol=chain.transport_protocol or "",
        application_protocols=tuple(chain.application_protocols.split(",")) if chain.application_protocols else (),
        destination_port=chain.destination_port or 0,
        network_filter=None if chain.filter is None else chain.filter.name or "",
        http_filter=None if inner is None else inner.name or "",
    )
