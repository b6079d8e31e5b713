"""What becomes of requests to hosts that no manifest names (RT-4)."""

from __future__ import annotations

from unstale.envoy.resource import Json
from unstale.envoy.scope import Scope


def catch_all(scope: Scope) -> Json:
    """The last virtual host of every route configuration; passed through without any retries."""
    policy = scope.outbound_policy
    headers = scope.proxy_headers
    if policy.is_open:
        name = "allow_any_dynamic_dns" if policy.looks_up_hosts else "allow_any"
        route: Json = {"cluster": policy.request_cluster, "timeout": "0s", "max_grpc_timeout": "0s"}
        if headers.forwards_host:
            route["append_x_forwarded_host"] = True
        action: Json = {"route": route}
    else:
        name, action = "block_all", {"direct_response": {"status": 502}}
    value: Json = {
        "name": name,
        "domains": ["*"],
        "routes": [{"name": name, "match": {"prefix": "/"}, **action}],
    }
    if headers.counts_attempts:
        value["include_request_attempt_count"] = True
    return value
