"""A bootstrap that holds everything itself, so that Envoy can check it without a control plane."""

from __future__ import annotations

import copy
from typing import Any

from unstale.envoy.resource import Json, Resources

_AGENT: Json = {
    "name": "sds-grpc",
    "type": "STATIC",
    "connect_timeout": "1s",
    "typed_extension_protocol_options": {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {"http2_protocol_options": {}},
        }
    },
    "load_assignment": {
        "cluster_name": "sds-grpc",
        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"pipe": {"path": "./agent"}}}}]}],
    },
}
"""The agent that serves secrets in a pod; nothing is asked of it while a configuration is only checked."""


def static_bootstrap(resources: Resources) -> Json:
    """Routes stand in their listeners, endpoints in their clusters."""
    routes = {route.name: route.value for route in resources.routes}
    endpoints = {one.name: one.value for one in resources.endpoints}
    return {
        "static_resources": {
            "listeners": [_with_routes(copy.deepcopy(one.value), routes) for one in resources.listeners],
            "clusters": [
                *(_with_endpoints(copy.deepcopy(one.value), endpoints) for one in resources.clusters),
                _AGENT,
            ],
        },
        "node": {"id": "pod", "cluster": "pod"},
        "dynamic_resources": {
            "ads_config": {
                "api_type": "GRPC",
                "transport_api_version": "V3",
                "grpc_services": [{"envoy_grpc": {"cluster_name": "sds-grpc"}}],
            }
        },
    }


def _with_routes(value: Any, routes: dict[str, Json]) -> Any:
    if isinstance(value, list):
        return [_with_routes(item, routes) for item in value]
    if not isinstance(value, dict):
        return value
    value = {key: _with_routes(item, routes) for key, item in value.items()}
    if "rds" in value:
        value["route_config"] = routes[value.pop("rds")["route_config_name"]]
    return value


def _with_endpoints(cluster: Json, endpoints: dict[str, Json]) -> Json:
    if "eds_cluster_config" in cluster:
        name = cluster.pop("eds_cluster_config")["service_name"]
        cluster["type"] = "STATIC"
        cluster["load_assignment"] = endpoints[name]
    return cluster
