"""loadBalancer: how a cluster chooses among its endpoints (LB)."""

from __future__ import annotations

from unstale.envoy.resource import Json
from unstale.istio.destination_rule import ConsistentHashLB, LoadBalancerSettings, SimpleLB

_POLICIES = {SimpleLB.RANDOM: "RANDOM", SimpleLB.ROUND_ROBIN: "ROUND_ROBIN"}
_MINIMUM_RING_SIZE = 1024
_MINIMUM_PERCENT = 10


def is_passthrough(settings: LoadBalancerSettings | None) -> bool:
    """The address that the application looked up itself is used (CL-7)."""
    return settings is not None and settings.simple is SimpleLB.PASSTHROUGH


def load_balancer(settings: LoadBalancerSettings | None) -> Json:
    """The policy and what belongs to it; ROUND_ROBIN is Envoy's default and therefore not said."""
    if settings is None:
        return {"lb_policy": "LEAST_REQUEST"}
    policy = _POLICIES.get(settings.simple, "LEAST_REQUEST") if settings.simple else "LEAST_REQUEST"
    value: Json = {} if policy == "ROUND_ROBIN" else {"lb_policy": policy}
    slow_start = _slow_start(settings)
    if slow_start and policy != "RANDOM":
        value[f"{policy.lower()}_lb_config"] = {"slow_start_config": slow_start}
    if settings.consistent_hash is not None:
        hashing = _consistent_hash(settings.consistent_hash)
        # Envoy has room for one configuration: that of the hash drives out a warm-up, but a hash without any does not.
        return hashing if len(hashing) > 1 else {**value, **hashing}
    return value


def _slow_start(settings: LoadBalancerSettings) -> Json:
    """The older form sets the window alone; Istio writes a runtime key that nobody can have meant."""
    warmup = settings.warmup
    percent = _MINIMUM_PERCENT if warmup is None or warmup.minimum_percent is None else warmup.minimum_percent
    if warmup is not None and warmup.duration is not None:
        return {
            "slow_start_window": warmup.duration.protobuf,
            "aggression": {"default_value": 1 if warmup.aggression is None else warmup.aggression, "runtime_key": "("},
            "min_weight_percent": {"value": percent} if percent else {},
        }
    if settings.warmup_duration_secs is not None:
        return {"slow_start_window": settings.warmup_duration_secs.protobuf}
    return {}


def _consistent_hash(hashing: ConsistentHashLB) -> Json:
    if hashing.maglev is not None:
        size = hashing.maglev.table_size
        config: Json = {"maglev_lb_config": {"table_size": str(size)}} if size else {}
        return {"lb_policy": "MAGLEV", **config}
    if hashing.ring_hash is not None:
        size = hashing.ring_hash.minimum_ring_size
    else:
        size = hashing.minimum_ring_size or _MINIMUM_RING_SIZE
    config = {"ring_hash_lb_config": {"minimum_ring_size": str(size)}} if size else {}
    return {"lb_policy": "RING_HASH", **config}
