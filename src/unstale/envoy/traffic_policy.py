"""The traffic policy that holds for one port of one cluster.

Levels do not blend: a port's entry replaces the policy of the whole host, a subset's blocks replace the host's one by
one, and a port's entry of a subset replaces four of them even with nothing (SC-9).
"""

from __future__ import annotations

from dataclasses import replace

from unstale.envoy.release import Release
from unstale.istio.destination_rule import PortTrafficPolicy, TLSmode, TrafficPolicy
from unstale.istio.mesh import MeshConfig


def for_port(policy: TrafficPolicy | None, number: int) -> TrafficPolicy:
    """The policy of a host on one port."""
    if policy is None:
        return TrafficPolicy()
    entry = _entry(policy, number)
    if entry is None:
        return policy
    return TrafficPolicy(
        connection_pool=entry.connection_pool,
        load_balancer=entry.load_balancer,
        outlier_detection=entry.outlier_detection,
        tls=entry.tls,
        origin=entry.origin,
    )


def for_subset(policy: TrafficPolicy, subset: TrafficPolicy | None, number: int, release: Release) -> TrafficPolicy:
    """What a subset makes of the policy that its host has on the port."""
    if subset is None:
        return policy
    merged = replace(
        policy,
        connection_pool=subset.connection_pool or policy.connection_pool,
        load_balancer=subset.load_balancer or policy.load_balancer,
        outlier_detection=subset.outlier_detection or policy.outlier_detection,
        tls=subset.tls or policy.tls,
        tunnel=subset.tunnel or policy.tunnel,
        proxy_protocol=subset.proxy_protocol or policy.proxy_protocol,
        retry_budget=(subset.retry_budget or policy.retry_budget) if release.budgets_subsets else None,
    )
    entry = _entry(subset, number)
    if entry is None:
        return merged
    return replace(
        merged,
        connection_pool=entry.connection_pool,
        load_balancer=entry.load_balancer,
        outlier_detection=entry.outlier_detection,
        tls=entry.tls,
    )


def _entry(policy: TrafficPolicy, number: int) -> PortTrafficPolicy | None:
    return next((entry for entry in policy.port_level_settings if entry.port == number), None)


def tls_mode(policy: TrafficPolicy | None, subset: TrafficPolicy | None, number: int) -> TLSmode | None:
    """What marks the endpoints; other than for the cluster, a port's entry without `tls` keeps that of the host."""
    for one in (subset, policy):
        if one is None:
            continue
        entry = _entry(one, number)
        tls = (entry and entry.tls) or one.tls
        if tls is not None:
            return tls.mode or TLSmode.DISABLE
    return None


def with_mesh_defaults(policy: TrafficPolicy, mesh: MeshConfig) -> TrafficPolicy:
    """The mesh's blocks stand in where the rule has none, each as a whole."""
    default = mesh.default_traffic_policy
    if default is None:
        return policy
    return replace(
        policy,
        connection_pool=policy.connection_pool or default.connection_pool,
        outlier_detection=policy.outlier_detection or default.outlier_detection,
    )
