"""connectionPool and retryBudget: limits, time-outs and keep-alive of the connections to a cluster (CP)."""

from __future__ import annotations

from unstale.envoy.http_protocol_options import HttpProtocolOptions
from unstale.envoy.protocol import Protocol
from unstale.envoy.release import Release
from unstale.envoy.resource import Json
from unstale.envoy.scope import Scope
from unstale.istio.destination_rule import (
    ConnectionPoolSettings,
    H2UpgradePolicy,
    HTTPSettings,
    RetryBudget,
    TcpKeepalive,
    TCPSettings,
    TrafficPolicy,
)
from unstale.istio.mesh import MeshConfig

UNLIMITED = 4294967295
_BUDGET_CONCURRENCY = 3


def apply_pool(
    cluster: Json, options: HttpProtocolOptions, policy: TrafficPolicy, protocol: Protocol | None, scope: Scope
) -> None:
    """Write the settings of connectionPool and retryBudget into the cluster and its HTTP options."""
    pool = policy.connection_pool or ConnectionPoolSettings()
    http, tcp = pool.http or HTTPSettings(), pool.tcp or TCPSettings()
    if protocol is not None and _may_upgrade_to_http2(http, protocol, scope.mesh):
        options.use_http2(scope.release)
    cluster["connect_timeout"] = (tcp.connect_timeout or scope.mesh.connect_timeout).protobuf
    limits = thresholds(scope.release, http, tcp)
    if policy.retry_budget is not None:
        limits["retry_budget"] = _retry_budget(policy.retry_budget, scope.release)
    cluster["circuit_breakers"] = {"thresholds": [limits]}
    cluster.update(keepalive(scope.mesh.tcp_keepalive, tcp.tcp_keepalive))
    _apply_connection_life(options, http, tcp)
    if http.use_client_protocol:
        options.use_client_protocol()


def thresholds(release: Release, http: HTTPSettings | None = None, tcp: TCPSettings | None = None) -> Json:
    """Circuit breakers; 0 and unset are both "no limit"."""
    value: Json = {"track_remaining": True} if release.tracks_remaining else {}
    return value | {
        "max_connections": (tcp and tcp.max_connections) or UNLIMITED,
        "max_pending_requests": (http and http.http1_max_pending_requests) or UNLIMITED,
        "max_requests": (http and http.http2_max_requests) or UNLIMITED,
        "max_retries": (http and http.max_retries) or UNLIMITED,
    }


def _may_upgrade_to_http2(http: HTTPSettings, protocol: Protocol, mesh: MeshConfig) -> bool:
    """A rule's own word holds for every protocol, the mesh's for HTTP ports only; to follow the client stands above."""
    if http.use_client_protocol:
        return False
    policy = http.h2_upgrade_policy
    if policy in (H2UpgradePolicy.UPGRADE, H2UpgradePolicy.DO_NOT_UPGRADE):
        return policy is H2UpgradePolicy.UPGRADE
    return protocol.is_http and mesh.h2_upgrade_policy is H2UpgradePolicy.UPGRADE


def _retry_budget(budget: RetryBudget, release: Release) -> Json:
    """Takes the place of max_retries in Envoy, which Istio leaves beside it."""
    percent = release.budget_percent if budget.percent is None else budget.percent
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
