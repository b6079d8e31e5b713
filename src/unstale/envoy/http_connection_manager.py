"""http_connection_manager: the filter that parses HTTP, as Istio sets it up for outbound traffic (LI-7, LI-8)."""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.catch_all import catch_all
from unstale.envoy.dynamic_forward_proxy import any_cache, host_cache, http_filter
from unstale.envoy.http_protocol_options import PRESERVED_CASE
from unstale.envoy.protocol import Protocol
from unstale.envoy.resource import Json, ads_config, any_of, typed
from unstale.envoy.route_configuration import route_configuration
from unstale.envoy.scope import Scope
from unstale.envoy.service import Service
from unstale.istio.mesh import NormalizationType
from unstale.istio.proxy_config import ConnectionSettings

_FILTERS = "extensions.filters.http"
_NORMALIZATIONS: dict[NormalizationType, Json] = {
    NormalizationType.NONE: {"normalize_path": False},
    NormalizationType.MERGE_SLASHES: {"merge_slashes": True},
    NormalizationType.DECODE_AND_MERGE_SLASHES: {
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "UNESCAPE_AND_FORWARD",
    },
}
_UNDERSCORES = {
    "HEADERS_WITH_UNDERSCORES_REJECT_REQUEST": {"headers_with_underscores_action": "REJECT_REQUEST"},
    "HEADERS_WITH_UNDERSCORES_DROP_HEADER": {"headers_with_underscores_action": "DROP_HEADER"},
}
_ESCAPED_SLASHES = ("KEEP_UNCHANGED", "REJECT_REQUEST", "UNESCAPE_AND_REDIRECT", "UNESCAPE_AND_FORWARD")


def http_connection_manager(
    scope: Scope, listener: str, route_name: str, protocol: Protocol, service: Service | None
) -> Json:
    """The filter of a listener, with its routes sent apart; the first host on the listener shapes its filters."""
    fields = _fields(scope, f"outbound_{listener};", _http_filters(scope, protocol, service))
    fields["rds"] = {"config_source": ads_config(), "route_config_name": route_name}
    if service is None:
        fields["http_protocol_options"] = {"allow_absolute_url": True, **fields.get("http_protocol_options", {})}
    return _manager(fields)


def catch_all_manager(scope: Scope) -> Json:
    """The one of virtualOutbound, for requests to ports that no host claims."""
    prefix = "outbound_virtualOutbound_allow_any_dynamic_dns;"
    fields = _fields(scope, prefix, _http_filters(scope, Protocol.HTTP, None))
    fields["route_config"] = route_configuration("allow_any_dynamic_dns", [catch_all(scope)])
    return _manager(fields)


def _manager(fields: Json) -> Json:
    return typed(
        "envoy.filters.network.http_connection_manager",
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        **fields,
    )


def _fields(scope: Scope, stat_prefix: str, filters: list[Json]) -> Json:
    headers = scope.proxy_headers
    fields: Json = {
        "stat_prefix": stat_prefix,
        "http_filters": filters,
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "stream_idle_timeout": "0s",
        "normalize_path": True,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "proxy_100_continue": True,
        "use_remote_address": False,
        "request_id_extension": {
            "typed_config": any_of(
                "extensions.request_id.uuid.v3.UuidRequestIdConfig", use_request_id_for_trace_sampling=True
            )
        },
        **_normalization(scope),
        **headers.manager_fields(),
    }
    http1: Json = PRESERVED_CASE if headers.keeps_case else {}
    if scope.proxy.metadata.get("HTTP10") == "1":
        http1 = {"accept_http_10": True, **http1}
    if http1:
        fields["http_protocol_options"] = http1
    _apply_connection_life(fields, scope)
    return fields


def _normalization(scope: Scope) -> Json:
    setting = scope.mesh.path_normalization
    return _NORMALIZATIONS.get(setting.normalization, {}) if setting and setting.normalization else {}


def _apply_connection_life(fields: Json, scope: Scope) -> None:
    """connectionSettings stand over the node metadata; a zero is said, unlike an unset value."""
    settings = scope.connection_settings or ConnectionSettings()
    common: Json = {}
    if scope.proxy.idle_timeout is not None:
        common["idle_timeout"] = scope.proxy.idle_timeout.protobuf
    times = {
        "idle_timeout": settings.http_idle_timeout,
        "max_connection_duration": settings.http_max_connection_duration,
        "max_stream_duration": settings.http_max_stream_duration,
    }
    common |= {name: time.protobuf for name, time in times.items() if time is not None}
    common |= _UNDERSCORES.get(settings.http_headers_with_underscores_action or "", {})
    if common:
        fields["common_http_protocol_options"] = common
    times = {
        "stream_idle_timeout": settings.http_stream_idle_timeout,
        "request_timeout": settings.http_request_timeout,
        "request_headers_timeout": settings.http_request_headers_timeout,
        "drain_timeout": settings.http_drain_timeout,
    }
    fields |= {name: time.protobuf for name, time in times.items() if time is not None}
    counts = {
        "max_concurrent_streams": settings.http_max_concurrent_streams,
        "initial_stream_window_size": settings.http2_initial_stream_window_size,
        "initial_connection_window_size": settings.http2_initial_connection_window_size,
    }
    if any(count is not None for count in counts.values()):
        fields["http2_protocol_options"] = {
            name: count for name, count in counts.items() if count is not None and count >= 0
        }
    _apply_paths(fields, settings)


def _apply_paths(fields: Json, settings: ConnectionSettings) -> None:
    if settings.http_merge_slashes:
        fields["merge_slashes"] = True
    elif settings.http_merge_slashes is not None:
        fields.pop("merge_slashes", None)
    action = settings.http_path_with_escaped_slashes_action
    if action in _ESCAPED_SLASHES:
        fields["path_with_escaped_slashes_action"] = str(action)


def _http_filters(scope: Scope, protocol: Protocol, service: Service | None) -> list[Json]:
    return [
        *([typed("envoy.filters.http.grpc_web", f"{_FILTERS}.grpc_web.v3.GrpcWeb")] * (protocol is Protocol.GRPC_WEB)),
        typed("envoy.filters.http.fault", f"{_FILTERS}.fault.v3.HTTPFault"),
        typed("envoy.filters.http.cors", f"{_FILTERS}.cors.v3.Cors"),
        *_look_ups(scope, service),
        typed("envoy.filters.http.router", f"{_FILTERS}.router.v3.Router", **scope.proxy_headers.router_fields()),
    ]


def _look_ups(scope: Scope, service: Service | None) -> Iterator[Json]:
    if service is not None and scope.looks_up(service):
        yield http_filter(host_cache(scope, service))
    if scope.outbound_policy.looks_up_hosts:
        yield http_filter(any_cache(scope.proxy))
