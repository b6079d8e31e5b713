"""Which of Envoy's statistics are kept: those that tell what became of connections and requests, of each cluster.

In a pod Istio keeps hardly any unless `proxyStatsMatcher` asks for them, because they cost: some seventy a cluster, and
a dozen for every request, which look up their names (status codes) or record times. Here all counters of trouble stay,
as they are what one looks for, and those that every request would pay for go, as in a pod.
"""

from __future__ import annotations

from typing import Any

from unstale.istio.proxy_config import ProxyStatsMatcher

_PREFIXES = ("cluster_manager.", "listener_manager.", "server.", "cluster.xds-grpc.")
"""What Istio always keeps (pkg/bootstrap/config.go, requiredEnvoyStatsMatcherInclusionPrefixes)."""

_TOLD_APART = (
    *("upstream_cx_total", "upstream_cx_active", "upstream_rq_total", "upstream_rq_active"),
    *("downstream_cx_total", "downstream_cx_active", "downstream_rq_total", "downstream_rq_active"),
)
_TROUBLE = (
    *("_fail", "_failure", "_timeout", "_overflow", "_success", "_empty", "_exceeded"),
    *("_reset", "_cancelled", "_error", "_none_healthy", "_active_rq", "_destroy_remote", "_destroy_local", "_panic"),
    *("upstream_cx_max_requests", "upstream_cx_max_duration", "upstream_cx_idle_timeout", "upstream_cx_protocol_error"),
    *("upstream_rq_retry", "upstream_rq_max_duration_reached", "no_route", "no_cluster", "no_filter_chain_match"),
)
_OF_GROUPS = ("outlier_detection", "circuit_breakers", "membership_", ".ssl.", "tls_inspector")


def stats_config(wanted: ProxyStatsMatcher | None = None) -> dict[str, Any]:
    """The bootstrap's `stats_config`; `wanted` is what the mesh or the pod asks for besides."""
    wanted = wanted or ProxyStatsMatcher()
    patterns = (
        *({"prefix": prefix} for prefix in (*_PREFIXES, *wanted.inclusion_prefixes)),
        *({"suffix": suffix} for suffix in (*_TOLD_APART, *_TROUBLE, *wanted.inclusion_suffixes)),
        *({"contains": part} for part in _OF_GROUPS),
        *({"safe_regex": {"regex": regex}} for regex in wanted.inclusion_regexps),
    )
    return {"stats_matcher": {"inclusion_list": {"patterns": list(patterns)}}}
