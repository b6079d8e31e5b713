"""Istio's default access log, as istiod configures it where `accessLogFile` is set, as text or as JSON.

The format is that of Istio 1.9 and later. It prints `UPSTREAM_CLUSTER_RAW`, as newer releases do: their clusters carry
an `alt_stat_name` that ends in a semicolon, which plain `UPSTREAM_CLUSTER` would print.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% '
    '%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% '
    '%BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" '
    '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% '
    "%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n"
)

JSON_FORMAT = {
    "start_time": "%START_TIME%",
    "method": "%REQ(:METHOD)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "protocol": "%PROTOCOL%",
    "response_code": "%RESPONSE_CODE%",
    "response_flags": "%RESPONSE_FLAGS%",
    "response_code_details": "%RESPONSE_CODE_DETAILS%",
    "connection_termination_details": "%CONNECTION_TERMINATION_DETAILS%",
    "upstream_transport_failure_reason": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "duration": "%DURATION%",
    "upstream_service_time": "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
    "x_forwarded_for": "%REQ(X-FORWARDED-FOR)%",
    "user_agent": "%REQ(USER-AGENT)%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "authority": "%REQ(:AUTHORITY)%",
    "upstream_host": "%UPSTREAM_HOST%",
    "upstream_cluster": "%UPSTREAM_CLUSTER_RAW%",
    "upstream_local_address": "%UPSTREAM_LOCAL_ADDRESS%",
    "downstream_local_address": "%DOWNSTREAM_LOCAL_ADDRESS%",
    "downstream_remote_address": "%DOWNSTREAM_REMOTE_ADDRESS%",
    "requested_server_name": "%REQUESTED_SERVER_NAME%",
    "route_name": "%ROUTE_NAME%",
}
"""The keys that Istio gives where `accessLogEncoding` is JSON."""

VIRTUAL_OUTBOUND = "virtualOutbound"

_LOGGED_FILTERS = (
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLog:
    """Where Envoy writes a line for each request, None for its own standard error, and whether as JSON."""

    path: Path | None
    is_json: bool = False


Log = AccessLog | Path
"""A bare path means text."""


def with_access_log(listener: dict[str, Any], log: Log) -> dict[str, Any]:
    """The listener with every HTTP connection manager and TCP proxy writing to `log`.

    Of connections that match no filter chain only the listener itself knows; istiod logs those of virtualOutbound.
    """
    logged = dict(listener)
    if "filter_chains" in listener:
        logged["filter_chains"] = [chain_with_access_log(chain, log) for chain in listener["filter_chains"]]
    if "default_filter_chain" in listener:
        logged["default_filter_chain"] = chain_with_access_log(listener["default_filter_chain"], log)
    if listener.get("name") == VIRTUAL_OUTBOUND:
        unmatched = {**logger(log), "filter": {"response_flag_filter": {"flags": ["NR"]}}}
        logged["access_log"] = [*listener.get("access_log", ()), unmatched]
    return logged


def logger(log: Log) -> dict[str, Any]:
    """Envoy's access logger that appends lines in Istio's format."""
    where = log if isinstance(log, AccessLog) else AccessLog(path=log)
    kind, name = ("file.v3.FileAccessLog", "file") if where.path else ("stream.v3.StderrAccessLog", "stderr")
    as_text = {"text_format_source": {"inline_string": FORMAT}}
    config = {
        "@type": f"type.googleapis.com/envoy.extensions.access_loggers.{kind}",
        **({"path": str(where.path)} if where.path else {}),
        "log_format": {"json_format": JSON_FORMAT} if where.is_json else as_text,
    }
    return {"name": f"envoy.access_loggers.{name}", "typed_config": config}


def chain_with_access_log(chain: dict[str, Any], log: Log) -> dict[str, Any]:
    """The same for one filter chain of a listener."""
    return {**chain, "filters": [_filter(each, log) for each in chain.get("filters", ())]}


def _filter(one: dict[str, Any], log: Log) -> dict[str, Any]:
    config = one.get("typed_config", {})
    if config.get("@type") not in _LOGGED_FILTERS:
        return one
    return {**one, "typed_config": {**config, "access_log": [*config.get("access_log", ()), logger(log)]}}
