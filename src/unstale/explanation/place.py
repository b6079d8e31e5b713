"""Which line of a manifest gave one place of Envoy's configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unstale.envoy.resource import Json, Traced
from unstale.explanation.fact import place_of
from unstale.model.origin import Origin

_POLICY = "connection_pool"
_FIELDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("route.timeout", ("timeout",)),
    ("route.max_grpc_timeout", ("timeout",)),
    ("route.retry_policy.num_retries", ("retries.attempts",)),
    ("route.retry_policy.retry_on", ("retries.retry_on",)),
    ("route.retry_policy.retriable_status_codes", ("retries.retry_on",)),
    ("route.retry_policy.per_try_timeout", ("retries.per_try_timeout",)),
    ("route.retry_policy.retry_back_off", ("retries.backoff",)),
    ("route.retry_policy.retry_host_predicate", ("retries.retry_ignore_previous_hosts",)),
    ("route.retry_policy", ("retries",)),
    ("route.prefix_rewrite", ("rewrite.uri", "rewrite")),
    ("route.regex_rewrite", ("rewrite.uri_regex_rewrite", "rewrite")),
    ("route.host_rewrite_literal", ("rewrite.authority", "headers")),
    ("route.request_mirror_policies", ("mirrors", "mirror")),
    ("route.weighted_clusters", ("route",)),
    ("route.cluster", ("route",)),
    ("redirect", ("redirect",)),
    ("direct_response", ("direct_response",)),
    ("match.headers", ("headers", "without_headers")),
    ("match.query_parameters", ("query_params",)),
    ("match", ("uri",)),
    ("request_headers_to", ("headers",)),
    ("response_headers_to", ("headers",)),
    ("typed_per_filter_config.envoy.filters.http.fault", ("fault",)),
    ("typed_per_filter_config.envoy.filters.http.cors", ("cors_policy",)),
    ("connect_timeout", (f"{_POLICY}.tcp.connect_timeout",)),
    ("upstream_connection_options", (f"{_POLICY}.tcp.tcp_keepalive",)),
    ("circuit_breakers.thresholds[0].max_connections", (f"{_POLICY}.tcp.max_connections",)),
    ("circuit_breakers.thresholds[0].max_pending_requests", (f"{_POLICY}.http.http1_max_pending_requests",)),
    ("circuit_breakers.thresholds[0].max_requests", (f"{_POLICY}.http.http2_max_requests",)),
    ("circuit_breakers.thresholds[0].max_retries", (f"{_POLICY}.http.max_retries",)),
    ("circuit_breakers.thresholds[0].retry_budget", ("retry_budget",)),
    ("typed_extension_protocol_options", (_POLICY,)),
    ("outlier_detection", ("outlier_detection",)),
    ("lb_policy", ("load_balancer",)),
    ("transport_socket", ("tls",)),
    ("type", ("resolution",)),
    ("load_assignment", ("endpoints", "hosts")),
)


def place_in(value: Json, path: str, steps: Sequence[str | int]) -> Origin | None:
    """The line behind `path` of a message, as closely as it can be told; None for what nobody wrote.

    `steps` is the same path in parts, to walk down to the part that remembers its manifests.
    """
    traced, rest = _closest(value, path, steps)
    if traced is None:
        return None
    for known, fields in _FIELDS:
        if rest.startswith(known):
            found = place_of(traced.sources, fields)
            if found is not None:
                return found
    return traced.sources[0].origin if traced.sources else None


def _closest(value: Json, path: str, steps: Sequence[str | int]) -> tuple[Traced | None, str]:
    """The innermost message on the way that remembers, and the path from there."""
    found = (value, path) if isinstance(value, Traced) else (None, path)
    here: Any = value
    for step in steps:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            break
        shown = f"[{step}]" if isinstance(step, int) else str(step)
        path = path.removeprefix(shown).removeprefix(".")
        if isinstance(here, Traced):
            found = (here, path)
    return found
