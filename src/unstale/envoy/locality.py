"""Localities: which endpoints are asked first, in which shares, and which only when those fail.

Outlier detection alone is enough to bring this about: as soon as Envoy can tell a bad endpoint from a good one, Istio
ranks the endpoints by how near they are to the pod, and traffic goes to the nearest rank only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from unstale.envoy.endpoint import Endpoint
from unstale.envoy.proxy import Proxy
from unstale.envoy.release import Release
from unstale.envoy.resource import Json
from unstale.envoy.service import Service
from unstale.envoy.topology import NETWORK, REGION, SUB_ZONE, ZONE, parts_of
from unstale.istio.destination_rule import (
    LoadBalancerSettings,
    LocalityDistribute,
    LocalityFailover,
    LocalityLoadBalancerSetting,
    ZoneAwareLbSetting,
)
from unstale.istio.mesh import MeshConfig

_OTHER_REGION = 3
_RANKS = 5
_ZONE_RANKS = 3
_NEAR_ZONE = (NETWORK, REGION, ZONE)
_NEAR_NODE = (NETWORK, REGION, ZONE, SUB_ZONE, "kubernetes.io/hostname")
_DISTRIBUTIONS = {"preferclose": _NEAR_ZONE, "prefersamezone": _NEAR_ZONE, "prefersamenode": _NEAR_NODE}
_OLDER_DISTRIBUTIONS = {"preferclose": (*_NEAR_ZONE, SUB_ZONE)}
_ANNOTATION = "networking.istio.io/traffic-distribution"


@dataclass(slots=True, kw_only=True)
class Group:
    """The endpoints of one locality that share a rank."""

    locality: str
    endpoints: tuple[Endpoint, ...]
    weight: int
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """What is in force for a cluster: one of the two settings, or none.

    `is_forced` stands for failover without outlier detection, which a ServiceEntry's annotation asks for.
    """

    locality: LocalityLoadBalancerSetting | None = None
    zones: ZoneAwareLbSetting | None = None
    is_forced: bool = False

    def lb_config(self, *, has_outlier_detection: bool) -> Json:
        """The part of the cluster's common_lb_config."""
        if self.zones is not None:
            size = self.zones.min_cluster_size
            value: Json = {} if size is None else {"min_cluster_size": str(size)}
            if self.zones.enabled is False:
                value["routing_enabled"] = {}
            return {"zone_aware_lb_config": value}
        setting = self.locality or LocalityLoadBalancerSetting()
        may_fail_over = has_outlier_detection or self.is_forced
        is_ranked = may_fail_over and (setting.failover or setting.failover_priority)
        return {"locality_weighted_lb_config": {}} if is_ranked or setting.distribute else {}

    def arrange(
        self, groups: list[Group], viewer: Proxy, *, has_outlier_detection: bool, knows_labels: bool = True
    ) -> list[Group]:
        """The groups with their weights and priorities; of a DNS host's subsets Istio does not know the labels."""
        if self.zones is not None:
            return groups if self.zones.enabled is False else _by_zone(groups, viewer, self.zones, knows_labels)
        if self.locality is None:
            return groups
        if self.locality.distribute:
            return _distributed(groups, viewer, self.locality.distribute)
        if not groups or not (has_outlier_detection or self.is_forced):
            return groups
        labels = self.locality.failover_priority
        if not labels:
            return _by_distance(groups, viewer, self.locality.failover)
        if knows_labels:
            groups = _by_labels(groups, viewer, labels)
        return _by_distance(groups, viewer, self.locality.failover) if self.locality.failover else groups


def preference(
    settings: LoadBalancerSettings | None, service: Service, mesh: MeshConfig, release: Release
) -> Preference:
    """The rule's word, else the ServiceEntry's annotation, else the mesh's; of one level zones come first."""
    if settings is not None and settings.zone_aware_lb_setting is not None:
        return Preference(zones=settings.zone_aware_lb_setting)
    if settings is not None and settings.locality_lb_setting is not None:
        own = settings.locality_lb_setting
        return Preference(locality=None if own.enabled is False else own)
    labels = _distribution(service, release)
    if labels:
        return Preference(locality=LocalityLoadBalancerSetting(failover_priority=labels), is_forced=True)
    if mesh.zone_aware_lb_setting is not None:
        return Preference(zones=mesh.zone_aware_lb_setting)
    general = mesh.locality_lb_setting
    return Preference(locality=None if general is None or general.enabled is False else general)


def overlap(one: str, other: str) -> bool:
    """There is a locality that both patterns stand for."""
    pairs = zip(parts_of(one), parts_of(other), strict=True)
    return all(left == right or {left, right} & {"*", ""} for left, right in pairs)


def _distribution(service: Service, release: Release) -> tuple[str, ...]:
    text = service.entry.metadata.annotations.get(_ANNOTATION, "").lower()
    if not text or not release.distributes_traffic:
        return ()
    return (_DISTRIBUTIONS if release.prefers_zones else _OLDER_DISTRIBUTIONS).get(text, ())


def matches(locality: str, pattern: str) -> bool:
    """`eu/*`, `eu/eu-1`, `*`: an absent or starred part stands for all."""
    region, zone, sub_zone = parts_of(locality)
    wanted_region, wanted_zone, wanted_sub_zone = parts_of(pattern)
    return wanted_region in ("*", region) and wanted_zone in ("*", "", zone) and wanted_sub_zone in ("*", "", sub_zone)


def _distributed(groups: list[Group], viewer: Proxy, shares: Sequence[LocalityDistribute]) -> list[Group]:
    """The first entry for the pod's locality; a locality it does not name keeps its place without endpoints."""
    share = next((one for one in shares if matches(viewer.locality, one.from_ or "")), None)
    if share is None:
        return groups
    left = list(groups)
    weights: dict[int, int] = {}
    for pattern, per_cent in share.to.items():
        named = [group for group in left if matches(group.locality, pattern)]
        left = [group for group in left if group not in named]
        total = sum(group.weight for group in named)
        for group in named:
            weights[id(group)] = math.ceil(group.weight * per_cent / total) or group.weight
    return [
        replace(group, weight=weights[id(group)]) if id(group) in weights else replace(group, endpoints=())
        for group in groups
    ]


def _by_distance(groups: list[Group], viewer: Proxy, failover: Sequence[LocalityFailover]) -> list[Group]:
    if len(groups) == 1 and not groups[0].priority:
        return groups
    rule = next((one for one in failover if (one.from_ or "") == parts_of(viewer.locality)[0]), None)

    def distance(group: Group) -> int:
        """0 for the same place, 1 other sub-zone, 2 other zone, 3 other region, 4 one that failover does not name."""
        same = sum(1 for _ in _shared_parts(group.locality, viewer.locality))
        if same:
            return _OTHER_REGION - same
        is_named = rule is None or (rule.to or "") == parts_of(group.locality)[0]
        return _OTHER_REGION if is_named else _OTHER_REGION + 1

    return _without_gaps([replace(group, priority=group.priority * _RANKS + distance(group)) for group in groups])


def _by_zone(groups: list[Group], viewer: Proxy, setting: ZoneAwareLbSetting, knows_labels: bool) -> list[Group]:
    """All of the pod's region together, so that Envoy can balance its zones."""
    if setting.failover_priority and knows_labels:
        groups = _by_labels(groups, viewer, setting.failover_priority)
    own = parts_of(viewer.locality)[0]
    target = next((one.to or "" for one in setting.failover if (one.from_ or "") == own), None)

    def rank(group: Group) -> int:
        region = parts_of(group.locality)[0]
        if region == own:
            return 0
        return 1 if region == target else 2

    return _without_gaps([replace(group, priority=group.priority * _ZONE_RANKS + rank(group)) for group in groups])


def _by_labels(groups: list[Group], viewer: Proxy, labels: Sequence[str]) -> list[Group]:
    """A locality falls apart into one group a rank; the rank is how early the first label differs."""
    split: list[Group] = []
    for group in groups:
        ranks: dict[int, list[Endpoint]] = {}
        for endpoint in group.endpoints:
            ranks.setdefault(_label_rank(endpoint.labels, viewer.labels, labels), []).append(endpoint)
        split.extend(
            replace(group, endpoints=tuple(found), weight=sum(endpoint.weight for endpoint in found), priority=rank)
            for rank, found in sorted(ranks.items())
        )
    return _without_gaps(split)


def _label_rank(labels: Mapping[str, str], own: Mapping[str, str], wanted: Sequence[str]) -> int:
    """A leading network counts apart: endpoints of another one come behind all others, in their own order."""
    behind = 0
    pairs = [text.split("=") for text in wanted]
    given = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    for at, (name, *_) in enumerate(pairs):
        if given.get(name, own.get(name, "")) == labels.get(name, ""):
            continue
        if at == 0 and wanted[0] == NETWORK:
            behind = len(wanted)
            continue
        return len(wanted) - at + behind
    return behind


def _without_gaps(groups: list[Group]) -> list[Group]:
    order = {priority: place for place, priority in enumerate(sorted({group.priority for group in groups}))}
    return [replace(group, priority=order[group.priority]) for group in groups]


def _shared_parts(one: str, other: str) -> Iterator[str]:
    for part, same in zip(parts_of(one), parts_of(other), strict=True):
        if part != same:
            return
        yield part
