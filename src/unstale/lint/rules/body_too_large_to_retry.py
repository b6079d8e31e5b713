"""The buffer is set so small that many requests cannot be sent again.

What it means
To repeat a request Envoy must have kept its body. A body above the buffer limit of the connection is let through
unbuffered, and that request is never retried.

How we know
An EnvoyFilter sets `per_connection_buffer_limit_bytes` (or the mesh a `...PerConnectionBufferLimitBytes`) below Envoy's
1 MiB, and routes to external hosts are retried. How large the bodies really are cannot be told from files.

What to do
Keep the limit above the largest body that must be retried, or do not count on retries for uploads.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      http:
      - match: [{method: {exact: PUT}}]
        retries: {attempts: 3, perTryTimeout: 9s, retryOn: "connect-failure,reset"}
        route: [{destination: {host: api.example.com}}]
    ---
    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: small-buffers
      namespace: shop
    spec:
      configPatches:
      - applyTo: CLUSTER
        match: {context: SIDECAR_OUTBOUND}
        patch: {operation: MERGE, value: {per_connection_buffer_limit_bytes: 32768}}

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      http:
      - match: [{method: {exact: PUT}}]
        retries: {attempts: 3, perTryTimeout: 9s, retryOn: "connect-failure,reset"}
        route: [{destination: {host: api.example.com}}]
    ---
    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: large-buffers
      namespace: shop
    spec:
      configPatches:
      - applyTo: CLUSTER
        match: {context: SIDECAR_OUTBOUND}
        patch: {operation: MERGE, value: {per_connection_buffer_limit_bytes: 8388608}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_DEFAULT_BYTES = 1 << 20
_NAMES = ("per_connection_buffer_limit_bytes", "perConnectionBufferLimitBytes")
_SETTINGS = ("listener_per_connection_buffer_limit_bytes", "cluster_per_connection_buffer_limit_bytes")


def _check(view: View) -> Iterator[Hit]:
    if not any(route.policy for route in view.external_routes):
        return
    for one in view.manifests.envoy_filters:
        for entry in one.config_patches:
            value = (entry.patch and entry.patch.value) or {}
            for name in _NAMES:
                limit = value.get(name)
                if entry.patch and isinstance(limit, int) and limit < _DEFAULT_BYTES:
                    yield Hit(origin=origin_of(entry.patch, f"value.{name}"), message=_told(limit))
    settings = view.settings.default_config.connection_settings
    for name in _SETTINGS if settings else ():
        limit = getattr(settings, name)
        if settings and limit is not None and limit < _DEFAULT_BYTES:
            yield Hit(origin=origin_of(settings, name), message=_told(limit))


def _told(limit: int) -> str:
    return f"requests with a body above {limit} bytes are not retried"


RULE = Rule(
    code="UNS118",
    severity=Severity.WARNING,
    check=_check,
    why="What does not fit into the buffer (1 MiB by default) cannot be sent a second time.",
    fix="Set the limit above the largest body that must be retried.",
)
