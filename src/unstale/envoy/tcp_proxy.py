"""tcp_proxy: the filter that carries bytes, with the time-outs that the DestinationRule of its host gives it (CP-2).

Only the top level of the rule counts here: what it says for a port or a subset shapes the cluster but not this filter.
"""

from __future__ import annotations

from collections.abc import Sequence

from unstale.envoy import cluster_name
from unstale.envoy.destination_rules import Rule
from unstale.envoy.protocol import Protocol
from unstale.envoy.resource import Json, typed
from unstale.envoy.scope import Scope
from unstale.envoy.service import Service
from unstale.envoy.virtual_services import Routing
from unstale.istio.destination_rule import TCPSettings
from unstale.istio.virtual_service import Destination, RouteDestination

_TCP_PROXY = "extensions.filters.network.tcp_proxy.v3.TcpProxy"
_MONGO_PROXY = "extensions.filters.network.mongo_proxy.v3.MongoProxy"


def plain_filters(cluster: str, **fields: object) -> list[Json]:
    """All bytes to one cluster."""
    return [typed("envoy.filters.network.tcp_proxy", _TCP_PROXY, stat_prefix=cluster, cluster=cluster, **fields)]


def service_filters(scope: Scope, service: Service, port_number: int, protocol: Protocol) -> list[Json]:
    """All bytes to the host's own cluster."""
    cluster = cluster_name.outbound(service.host, _only_port(service) or port_number)
    fields = _time_outs(scope, scope.rules.find(service), None)
    return _with_protocol(protocol, plain_filters(cluster, **fields))


def route_filters(
    scope: Scope, routing: Routing, route: Sequence[RouteDestination], port_number: int, protocol: Protocol
) -> list[Json]:
    """Bytes as a `tls` or `tcp` route says; the rule of the first destination gives the time-outs."""
    first = route[0].destination
    service = scope.registry.find(routing.destination_host(first.host))
    fields = _time_outs(scope, scope.rules.find(service) if service else None, first.subset)
    if len(route) == 1:
        cluster = destination_cluster(scope, routing, first, port_number)
        return _with_protocol(protocol, plain_filters(cluster, **fields))
    clusters = [
        {"name": destination_cluster(scope, routing, split.destination, port_number), "weight": split.weight}
        for split in route
        if split.weight
    ]
    metadata = routing.spec.metadata
    proxy = typed(
        "envoy.filters.network.tcp_proxy",
        _TCP_PROXY,
        stat_prefix=f"{metadata.name}.{metadata.namespace}",
        weighted_clusters={"clusters": clusters},
        **fields,
    )
    return _with_protocol(protocol, [proxy])


def destination_cluster(scope: Scope, routing: Routing, destination: Destination, port_number: int) -> str:
    """Its own port, else the only one its host has, else the listener's (RT-9)."""
    host = routing.destination_host(destination.host)
    service = scope.registry.find(host)
    port = destination.port or (_only_port(service) if service else 0) or port_number
    return cluster_name.outbound(host, port, destination.subset)


def _only_port(service: Service) -> int:
    return service.ports[0].number if len(service.ports) == 1 else 0


def _time_outs(scope: Scope, rule: Rule | None, subset: str | None) -> Json:
    policy = rule.traffic_policy if rule else None
    pool = policy.connection_pool if policy else None
    tcp = (pool and pool.tcp) or TCPSettings()
    idle_timeout = tcp.idle_timeout if tcp.idle_timeout is not None else scope.proxy.idle_timeout
    fields: Json = {}
    if idle_timeout is not None:
        fields["idle_timeout"] = idle_timeout.protobuf
    if tcp.max_connection_duration is not None:
        fields["max_downstream_connection_duration"] = tcp.max_connection_duration.protobuf
    if _hashes_source_ip(rule, subset):
        fields["hash_policy"] = [{"source_ip": {}}]
    return fields


def _hashes_source_ip(rule: Rule | None, subset: str | None) -> bool:
    """The subset's load balancer stands in for the top level's, if it has one."""
    if rule is None:
        return False
    policies = [one.traffic_policy for one in rule.subsets if subset and one.name == subset]
    for policy in (*policies, rule.traffic_policy):
        if policy is not None and policy.load_balancer is not None:
            hashing = policy.load_balancer.consistent_hash
            return bool(hashing and hashing.use_source_ip)
    return False


def _with_protocol(protocol: Protocol, filters: list[Json]) -> list[Json]:
    """Mongo is watched on its way; its numbers are kept under the same prefix."""
    if protocol is not Protocol.MONGO:
        return filters
    prefix = filters[-1]["typed_config"]["stat_prefix"]
    return [typed("envoy.filters.network.mongo_proxy", _MONGO_PROXY, stat_prefix=prefix), *filters]
