"""Istio's default access log, as istiod configures it where `accessLogFile` is set.

The format is that of Istio 1.9 and later. It prints `UPSTREAM_CLUSTER_RAW`, as newer releases do: their clusters carry
an `alt_stat_name` that ends in a semicolon, which plain `UPSTREAM_CLUSTER` would print.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

FORMAT = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% '
    '%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% '
    '%BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" '
    '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% '
    "%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n"
)

VIRTUAL_OUTBOUND = "virtualOutbound"

_LOGGED_FILTERS = (
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
)


def with_access_log(listener: dict[str, Any], path: Path) -> dict[str, Any]:
    """The listener with every HTTP connection manager and TCP proxy writing to `path`.

    Of connections that match no filter chain only the listener itself knows; istiod logs those of virtualOutbound.
    """
    logged = dict(listener)
    if "filter_chains" in listener:
        logged["filter_chains"] = [_chain(chain, path) for chain in listener["filter_chains"]]
    if "default_filter_chain" in listener:
        logged["default_filter_chain"] = _chain(listener["default_filter_chain"], path)
    if listener.get("name") == VIRTUAL_OUTBOUND:
        unmatched = {**file_logger(path), "filter": {"response_flag_filter": {"flags": ["NR"]}}}
        logged["access_log"] = [*listener.get("access_log", ()), unmatched]
    return logged


def file_logger(path: Path) -> dict[str, Any]:
    """Envoy's access logger that appends lines of Istio's format to `path`."""
    return {
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": str(path),
            "log_format": {"text_format_source": {"inline_string": FORMAT}},
        },
    }


def _chain(chain: dict[str, Any], path: Path) -> dict[str, Any]:
    return {**chain, "filters": [_filter(each, path) for each in chain.get("filters", ())]}


def _filter(one: dict[str, Any], path: Path) -> dict[str, Any]:
    config = one.get("typed_config", {})
    if config.get("@type") not in _LOGGED_FILTERS:
        return one
    return {**one, "typed_config": {**config, "access_log": [*config.get("access_log", ()), file_logger(path)]}}
