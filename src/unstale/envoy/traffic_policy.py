"""The traffic policy that holds for one port of one cluster.

Levels do not blend: a port's entry replaces the policy of the whole host, a subset's blocks replace the host's one by
one, and a port's entry of a subset replaces four of them even with nothing (SC-9).
"""

from __future__ import annotations

from dataclasses import replace

from unstale.istio.destination_rule import PortTrafficPolicy, TrafficPolicy


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


def for_subset(policy: TrafficPolicy, subset: TrafficPolicy | None, number: int) -> TrafficPolicy:
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
        retry_budget=subset.retry_budget or policy.retry_budget,
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
