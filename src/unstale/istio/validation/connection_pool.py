"""Rules for connection pools, of a DestinationRule or of a Sidecar."""

from __future__ import annotations

from unstale.istio.destination_rule import ConnectionPoolSettings, H2UpgradePolicy, HTTPSettings, TCPSettings
from unstale.istio.faults import Faults
from unstale.istio.validation.values import MILLISECOND, check_durations, check_range


def check_connection_pool(pool: ConnectionPoolSettings, faults: Faults) -> None:
    """Everything above the schema."""
    if pool.http is None and pool.tcp is None:
        faults.reject(pool, "", "connectionPool is empty", "Write http or tcp.")
    if pool.http is not None:
        _check_http(pool.http, faults)
    if pool.tcp is not None:
        _check_tcp(pool.tcp, faults)


def _check_http(http: HTTPSettings, faults: Faults) -> None:
    limits = ("http1_max_pending_requests", "http2_max_requests", "max_requests_per_connection")
    check_range(http, faults, 0, None, *limits, "max_retries", "max_concurrent_streams")
    check_durations(http, faults, "idle_timeout")
    if http.h2_upgrade_policy is H2UpgradePolicy.UPGRADE and http.use_client_protocol:
        what = "useClientProtocol and h2UpgradePolicy UPGRADE exclude each other"
        faults.reject(http, "use_client_protocol", what, "Keep one of them.")
    ping = http.http2_keep_alive
    if ping is not None:
        for attribute in ("interval", "timeout"):
            if getattr(ping, attribute) is None:
                faults.reject(ping, attribute, f"{attribute} is missing", "http2KeepAlive needs both times.")
        check_durations(ping, faults, "interval", "timeout")


def _check_tcp(tcp: TCPSettings, faults: Faults) -> None:
    check_range(tcp, faults, 0, None, "max_connections")
    check_durations(tcp, faults, "connect_timeout", "max_connection_duration")
    if tcp.idle_timeout is not None and abs(tcp.idle_timeout.nanos) >= MILLISECOND:
        check_durations(tcp, faults, "idle_timeout")
    if tcp.tcp_keepalive is not None:
        check_durations(tcp.tcp_keepalive, faults, "time", "interval")
