"""connectionPool and retryBudget: limits, time-outs and keep-alive of the connections to a cluster (CP)."""

from __future__ import annotations

from unstale.envoy.http_protocol_options import HttpProtocolOptions
from unstale.envoy.mesh import MeshConfig
from unstale.envoy.protocol import Protocol
from unstale.envoy.resource import Json
from unstale.istio.destination_rule import (
    ConnectionPoolSettings,
    H2UpgradePolicy,
    HTTPSettings,
    RetryBudget,
    TcpKeepalive,
    TCPSettings,
)

UNLIMITED = 4294967295
_BUDGET_PERCENT = 20
_BUDGET_CONCURRENCY = 3


def may_upgrade_to_http2(pool: ConnectionPoolSettings | None, protocol: Protocol, mesh: MeshConfig) -> bool:
    """A rule's own word holds for every protocol, the mesh's for HTTP ports only."""
    policy = pool.http.h2_upgrade_policy if pool and pool.http else None
    if policy in (H2UpgradePolicy.UPGRADE, H2UpgradePolicy.DO_NOT_UPGRADE):
        return policy is H2UpgradePolicy.UPGRADE
    return protocol is Protocol.HTTP and mesh.h2_upgrade_policy is H2UpgradePolicy.UPGRADE


def apply_connection_pool(
    cluster: Json, options: HttpProtocolOptions, pool: ConnectionPoolSettings | None, mesh: MeshConfig
) -> None:
    """Write the pool's settings into the cluster and its HTTP options."""
    http = (pool and pool.http) or HTTPSettings()
    tcp = (pool and pool.tcp) or TCPSettings()
    cluster["connect_timeout"] = (tcp.connect_timeout or mesh.connect_timeout).protobuf
    cluster["circuit_breakers"] = {"thresholds": [thresholds(http, tcp)]}
    cluster.update(keepalive(mesh.tcp_keepalive, tcp.tcp_keepalive))
    _apply_connection_life(options, http, tcp)
    if http.use_client_protocol:
        options.use_client_protocol()


def thresholds(http: HTTPSettings | None = None, tcp: TCPSettings | None = None) -> Json:
    """Circuit breakers; 0 and unset are both "no limit"."""
    return {
        "max_connections": (tcp and tcp.max_connections) or UNLIMITED,
        "max_pending_requests": (http and http.http1_max_pending_requests) or UNLIMITED,
        "max_requests": (http and http.http2_max_requests) or UNLIMITED,
        "max_retries": (http and http.max_retries) or UNLIMITED,
    }


def retry_budget(budget: RetryBudget) -> Json:
    """Takes the place of max_retries in Envoy, which Istio leaves beside it."""
    percent = _BUDGET_PERCENT if budget.percent is None else budget.percent
    value: Json = {
        "budget_percent": {"value": percent} if percent else {},
        "min_retry_concurrency": budget.min_retry_concurrency or _BUDGET_CONCURRENCY,
    }
    if budget.budget_interval is not None:
        value["budget_interval"] = budget.budget_interval.protobuf
    return value


def keepalive(*settings: TcpKeepalive | None) -> Json:
    """TCP keep-alive, later settings over earlier ones field by field; parts of a second are cut."""
    given = [setting for setting in settings if setting is not None]
    if not given:
        return {}
    value: Json = {}
    for setting in given:
        if setting.probes:
            value["keepalive_probes"] = setting.probes
        if setting.time is not None:
            value["keepalive_time"] = int(setting.time.seconds)
        if setting.interval is not None:
            value["keepalive_interval"] = int(setting.interval.seconds)
    return {"upstream_connection_options": {"tcp_keepalive": value}}


def _apply_connection_life(options: HttpProtocolOptions, http: HTTPSettings, tcp: TCPSettings) -> None:
    """HTTP/2 settings make an empty `common` even where the cluster does not speak HTTP/2; so does Istio."""
    common: Json = {}
    idle_timeout = http.idle_timeout if http.idle_timeout is not None else tcp.idle_timeout
    if idle_timeout is not None:
        common["idle_timeout"] = idle_timeout.protobuf
    if tcp.max_connection_duration is not None:
        common["max_connection_duration"] = tcp.max_connection_duration.protobuf
    if http.max_requests_per_connection:
        common["max_requests_per_connection"] = http.max_requests_per_connection
    if common or http.max_concurrent_streams or http.http2_keep_alive is not None:
        options.common = common
    if options.http2 is not None:
        options.http2 = options.http2 | _http2(http)


def _http2(http: HTTPSettings) -> Json:
    value: Json = {}
    if http.max_concurrent_streams:
        value["max_concurrent_streams"] = http.max_concurrent_streams
    ping = http.http2_keep_alive
    if ping is not None:
        value["connection_keepalive"] = {
            name: duration.protobuf
            for name, duration in (("interval", ping.interval), ("timeout", ping.timeout))
            if duration is not None
        }
    return value
