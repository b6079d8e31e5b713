"""Localities: which endpoints are asked first, and which only when those fail.

Outlier detection alone is enough to bring this about: as soon as Envoy can tell a bad endpoint from a good one, Istio
ranks the endpoints by how near they are to the pod, and traffic goes to the nearest rank only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unstale.envoy.mesh import MeshConfig
from unstale.envoy.resource import Json
from unstale.istio.destination_rule import LocalityFailover, LocalityLoadBalancerSetting, TrafficPolicy

_PARTS = ("region", "zone", "sub_zone")
_OTHER_REGION = len(_PARTS)


def parse(text: str) -> Json:
    """`region/zone/sub_zone`, or less of it."""
    return {name: part for name, part in zip(_PARTS, text.split("/"), strict=False) if part}


def settings_for(policy: TrafficPolicy, mesh: MeshConfig) -> LocalityLoadBalancerSetting | None:
    """What ranks the endpoints of a cluster; None where nothing does."""
    if policy.outlier_detection is None:
        return None
    settings = policy.load_balancer.locality_lb_setting if policy.load_balancer else None
    if settings is None:
        return LocalityLoadBalancerSetting() if mesh.is_locality_lb_enabled else None
    return None if settings.enabled is False else settings


def rank(assignment: Json, proxy_locality: str, settings: LocalityLoadBalancerSetting) -> None:
    """Write the priorities, nearest first and without a gap."""
    groups = assignment.get("endpoints", ())
    distances = [_distance(group["locality"], parse(proxy_locality), settings.failover) for group in groups]
    order = {distance: priority for priority, distance in enumerate(sorted(set(distances)))}
    for group, distance in zip(groups, distances, strict=True):
        if order[distance]:
            group["priority"] = order[distance]


def _distance(locality: Json, own: Json, failover: Sequence[LocalityFailover]) -> int:
    """0 for the same place, 1 other sub-zone, 2 other zone, 3 other region, 4 one that failover does not name."""
    same = sum(1 for _ in _shared_parts(locality, own))
    if same:
        return _OTHER_REGION - same
    rule = next((one for one in failover if (one.from_ or "") == own.get("region", "")), None)
    is_named = rule is None or (rule.to or "") == locality.get("region", "")
    return _OTHER_REGION if is_named else _OTHER_REGION + 1


def _shared_parts(one: Json, other: Json) -> Iterator[str]:
    for part in _PARTS:
        if one.get(part) != other.get(part):
            return
        yield part
