"""http_connection_manager: the filter that parses HTTP, as Istio sets it up for outbound traffic (LI-7)."""

from __future__ import annotations

from unstale.envoy.proxy import Proxy
from unstale.envoy.resource import Json, ads_config, any_of, typed

_FILTERS = "extensions.filters.http"


def http_connection_manager(bind: str, port: int, route_name: str, proxy: Proxy, *, is_grpc_web: bool) -> Json:
    """The filter of the listener at `bind`:`port`, with its routes sent apart under `route_name`."""
    fields: Json = {
        "stat_prefix": f"outbound_{bind}_{port};",
        "rds": {"config_source": ads_config(), "route_config_name": route_name},
        "http_filters": _http_filters(is_grpc_web),
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
    }
    if proxy.metadata.get("HTTP10") == "1":
        fields["http_protocol_options"] = {"accept_http_10": True}
    if proxy.idle_timeout is not None:
        fields["common_http_protocol_options"] = {"idle_timeout": proxy.idle_timeout.protobuf}
    return typed(
        "envoy.filters.network.http_connection_manager",
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        **fields,
    )


def _http_filters(is_grpc_web: bool) -> list[Json]:
    filters = [
        typed("envoy.filters.http.fault", f"{_FILTERS}.fault.v3.HTTPFault"),
        typed("envoy.filters.http.cors", f"{_FILTERS}.cors.v3.Cors"),
        typed("envoy.filters.http.router", f"{_FILTERS}.router.v3.Router"),
    ]
    if is_grpc_web:
        filters.insert(0, typed("envoy.filters.http.grpc_web", f"{_FILTERS}.grpc_web.v3.GrpcWeb"))
    return filters
