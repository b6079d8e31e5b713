"""tcp_proxy: the filter that carries bytes, with the time-outs that the DestinationRule of its host gives it (CP-2).

Only the top level of the rule counts here: what it says for a port or a subset shapes the cluster but not this filter.
"""

from __future__ import annotations

from collections.abc import Sequence

from unstale.envoy import cluster_name
from unstale.envoy.destination_rules import Rule
from unstale.envoy.dynamic_forward_proxy import host_cache, server_name_filter
from unstale.envoy.protocol import Protocol
from unstale.envoy.resource import Json, typed
from unstale.envoy.scope import Scope
from unstale.envoy.service import Port, Service
from unstale.envoy.stat_name import stat_prefix
from unstale.envoy.virtual_services import Routing
from unstale.istio.destination_rule import TCPSettings, TrafficPolicy, TunnelSettings
from unstale.istio.virtual_service import Destination, RouteDestination

_TCP_PROXY = "extensions.filters.network.tcp_proxy.v3.TcpProxy"
_MONGO_PROXY = "extensions.filters.network.mongo_proxy.v3.MongoProxy"


def plain_filters(cluster: str, **fields: object) -> list[Json]:
    """All bytes to one cluster."""
    fields = {"stat_prefix": cluster, **fields}
    return [typed("envoy.filters.network.tcp_proxy", _TCP_PROXY, cluster=cluster, **fields)]


def service_filters(scope: Scope, service: Service, port: Port) -> list[Json]:
    """All bytes to the host's own cluster."""
    number = _only_port(service) or port.number
    fields = _settings(scope, scope.rules.find(service), None)
    prefix = stat_prefix(scope.mesh, service, Port(number=number, name="", protocol=port.protocol, target=None), "")
    if prefix:
        fields["stat_prefix"] = prefix
    filters = _with_protocol(port.protocol, plain_filters(cluster_name.outbound(service.host, number), **fields))
    if scope.looks_up(service):
        filters.insert(0, server_name_filter(host_cache(scope, service), port.number))
    return filters


def route_filters(scope: Scope, routing: Routing, route: Sequence[RouteDestination], port: Port) -> list[Json]:
    """Bytes as a `tls` or `tcp` route says; the rule of the first destination gives the time-outs."""
    first = route[0].destination
    service = scope.registry.find(routing.destination_host(first.host))
    rule = scope.rules.find(service) if service else None
    if len(route) == 1:
        fields = _settings(scope, rule, first.subset)
        prefix = stat_prefix(scope.mesh, service, port, first.subset or "") if service else ""
        if prefix:
            fields["stat_prefix"] = prefix
        cluster = destination_cluster(scope, routing, first, port.number)
        return _with_protocol(port.protocol, plain_filters(cluster, **fields))
    clusters = [
        {"name": destination_cluster(scope, routing, split.destination, port.number), "weight": split.weight}
        for split in route
        if split.weight
    ]
    metadata = routing.spec.metadata
    proxy = typed(
        "envoy.filters.network.tcp_proxy",
        _TCP_PROXY,
        stat_prefix=f"{metadata.name}.{metadata.namespace}",
        weighted_clusters={"clusters": clusters},
        **_settings(scope, rule, None),
    )
    return _with_protocol(port.protocol, [proxy])


def destination_cluster(scope: Scope, routing: Routing, destination: Destination, port_number: int) -> str:
    """Its own port, else the only one its host has, else the listener's (RT-9)."""
    host = routing.destination_host(destination.host)
    service = scope.registry.find(host)
    port = destination.port or (_only_port(service) if service else 0) or port_number
    return cluster_name.outbound(host, port, destination.subset)


def _only_port(service: Service) -> int:
    return service.ports[0].number if len(service.ports) == 1 else 0


def _settings(scope: Scope, rule: Rule | None, subset: str | None) -> Json:
    policy = rule.traffic_policy if rule else None
    pool = policy.connection_pool if policy else None
    tcp = (pool and pool.tcp) or TCPSettings()
    idle_timeout = tcp.idle_timeout if tcp.idle_timeout is not None else scope.proxy.idle_timeout
    fields: Json = {}
    if idle_timeout is not None:
        fields["idle_timeout"] = idle_timeout.protobuf
    if tcp.max_connection_duration is not None:
        fields["max_downstream_connection_duration"] = tcp.max_connection_duration.protobuf
    subset_policy = _subset_policy(rule, subset)
    if _hashes_source_ip(policy, subset_policy):
        fields["hash_policy"] = [{"source_ip": {}}]
    source = subset_policy if subset else policy
    if source is not None and source.tunnel is not None:
        fields["tunneling_config"] = _tunnel(source.tunnel)
    return fields


def _subset_policy(rule: Rule | None, subset: str | None) -> TrafficPolicy | None:
    subsets = rule.subsets if rule and subset else ()
    return next((one.traffic_policy for one in subsets if one.name == subset), None)


def _hashes_source_ip(policy: TrafficPolicy | None, subset: TrafficPolicy | None) -> bool:
    """The subset's load balancer stands in for the top level's, if it has one."""
    for one in (subset, policy):
        if one is not None and one.load_balancer is not None:
            hashing = one.load_balancer.consistent_hash
            return bool(hashing and hashing.use_source_ip)
    return False


def _tunnel(tunnel: TunnelSettings) -> Json:
    """The request that opens it; a subset that has no tunnel of its own has none."""
    host = f"[{tunnel.target_host}]" if ":" in tunnel.target_host else tunnel.target_host
    value: Json = {"hostname": f"{host}:{tunnel.target_port}"}
    if tunnel.protocol == "POST":
        value["use_post"] = True
    return value


def _with_protocol(protocol: Protocol, filters: list[Json]) -> list[Json]:
    """Mongo is watched on its way; its numbers are kept under the same prefix."""
    if protocol is not Protocol.MONGO:
        return filters
    prefix = filters[-1]["typed_config"]["stat_prefix"]
    return [typed("envoy.filters.network.mongo_proxy", _MONGO_PROXY, stat_prefix=prefix), *filters]
