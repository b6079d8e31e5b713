"""Rules for load balancing: hashes, localities, warm-up."""

from __future__ import annotations

from collections.abc import Iterable
from math import isqrt

from unstale.istio.destination_rule import (
    ConsistentHashLB,
    LoadBalancerSettings,
    LocalityFailover,
    LocalityLoadBalancerSetting,
    WarmupConfiguration,
    ZoneAwareLbSetting,
)
from unstale.istio.faults import Faults
from unstale.istio.message import Message
from unstale.istio.validation.values import MILLISECOND, check_durations
from unstale.istio.wording import shown

_LARGEST_TABLE = 5_000_011
_GENTLE_SINCE = 31
_TOPOLOGY = (
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.istio.io/subzone",
)


def check_load_balancer(
    settings: LoadBalancerSettings, faults: Faults, release: int, *, has_outlier: bool, may_warn: bool
) -> None:
    """Everything above the schema; `has_outlier` says whether outlierDetection stands beside it."""
    if settings.consistent_hash is not None:
        _check_hash(settings.consistent_hash, faults, may_warn=may_warn)
    locality, zone_aware = settings.locality_lb_setting, settings.zone_aware_lb_setting
    if locality is not None:
        _check_locality(locality, faults)
    if zone_aware is not None:
        _check_failover(zone_aware, zone_aware.failover, (), faults)
        _refuse_topology(zone_aware, faults)
    if locality is not None and zone_aware is not None:
        what = "localityLbSetting and zoneAwareLbSetting exclude each other"
        faults.reject(settings, "zone_aware_lb_setting", what, "Keep one of them.")
    for part in (locality, zone_aware):
        if part is not None and (part.failover or part.failover_priority) and may_warn and not has_outlier:
            attribute = "failover" if part.failover else "failover_priority"
            faults.caution(part, attribute, "failover never happens", "Write outlierDetection beside it.")
    old_warmup = settings.warmup_duration_secs
    if old_warmup is not None and old_warmup.nanos < MILLISECOND:
        check_durations(settings, faults, "warmup_duration_secs")
    if settings.warmup is not None:
        _check_warmup(settings.warmup, faults, release)


def _check_warmup(warmup: WarmupConfiguration, faults: Faults, release: int) -> None:
    check_durations(warmup, faults, "duration")
    aggression = warmup.aggression
    if aggression is None:
        return
    if release < _GENTLE_SINCE and aggression < 1:
        what = f"aggression is below 1 ({aggression:g})"
        faults.reject(warmup, "aggression", what, f"At least 1 is allowed before Istio 1.{_GENTLE_SINCE}.")
    elif aggression <= 0:
        faults.reject(warmup, "aggression", f"aggression is not above 0 ({aggression:g})", "Write 1.")


def _refuse_topology(setting: ZoneAwareLbSetting, faults: Faults) -> None:
    for index, label in enumerate(setting.failover_priority):
        if label in _TOPOLOGY:
            what = f"zones are looked after without failoverPriority ({label})"
            faults.reject(setting, f"failover_priority[{index}]", what, "Leave it out.")


def _check_hash(settings: ConsistentHashLB, faults: Faults, *, may_warn: bool) -> None:
    cookie = settings.http_cookie
    if cookie is not None:
        if not cookie.name:
            faults.reject(cookie, "name", "the cookie's name is empty", "Write a name.")
        names: set[str] = set()
        for attribute in cookie.attributes:
            if not attribute.name:
                faults.reject(attribute, "name", "the attribute's name is empty", "Write a name.")
            elif attribute.name in names:
                what = f"a second attribute has this name ({shown(attribute.name)})"
                faults.reject(attribute, "name", what, "Leave one out.")
            names.add(attribute.name)
    if settings.minimum_ring_size:
        if may_warn:
            what = f"minimumRingSize is deprecated ({settings.minimum_ring_size})"
            faults.caution(settings, "minimum_ring_size", what, "Write ringHash: {minimumRingSize: ...}.")
        if settings.ring_hash is not None or settings.maglev is not None:
            what = "minimumRingSize cannot go with ringHash or maglev"
            faults.reject(settings, "minimum_ring_size", what, "Keep one of them.")
    if settings.maglev is not None:
        size = settings.maglev.table_size or 0
        if not (0 < size < _LARGEST_TABLE and _is_prime(size)):
            what = f"tableSize is no prime number below {_LARGEST_TABLE} ({size})"
            faults.reject(settings.maglev, "table_size", what, "Write one such as 65537.")


def _is_prime(number: int) -> bool:
    """As Envoy counts, to whom 1 is one."""
    if number < 4:
        return number > 0
    return number % 2 == 1 and all(number % factor for factor in range(3, isqrt(number) + 1, 2))


def _check_locality(setting: LocalityLoadBalancerSetting, faults: Faults) -> None:
    if setting.distribute and setting.failover:
        faults.reject(setting, "failover", "distribute and failover exclude each other", "Keep one of them.")
        return
    for distribute in setting.distribute:
        for locality, weight in distribute.to.items():
            if not 1 <= weight <= 100:
                what = f"weight is out of range ({weight})"
                faults.reject(distribute, f"to{{{locality}}}", what, "1 to 100 are allowed.")
        total = sum(distribute.to.values())
        if total != 100:
            faults.reject(distribute, "to", f"weights add up to {total}", "They must add up to 100.")
        _check_localities(distribute, "to", distribute.to, faults)
    sources = [distribute.from_ or "" for distribute in setting.distribute]
    _check_localities(setting, "distribute", sources, faults)
    _check_failover(setting, setting.failover, setting.failover_priority, faults)


def _check_failover(
    setting: Message, failover: tuple[LocalityFailover, ...], priority: tuple[str, ...], faults: Faults
) -> None:
    for index, label in enumerate(priority if failover else ()):
        if label in _TOPOLOGY:
            what = f"failover and a topology label exclude each other ({label})"
            faults.reject(setting, f"failover_priority[{index}]", what, "Keep one of them.")
    for entry in failover:
        regions = (entry.from_ or "", entry.to or "")
        if regions[0] == regions[1]:
            what = f"failover goes to the same region ({shown(regions[1])})"
            faults.reject(entry, "to", what, "Write two different regions.")
        for attribute, region in zip(("from_", "to"), regions, strict=True):
            if "/" in region or "*" in region:
                what = f"failover is between regions only ({shown(region)})"
                faults.reject(entry, attribute, what, "Write a region without zone and *.")


def _check_localities(message: Message, attribute: str, localities: Iterable[str], faults: Faults) -> None:
    seen: set[tuple[str, ...]] = set()
    broader: set[tuple[str, ...]] = set()
    for locality in localities:
        parts = tuple(locality.split("/", 2))
        if "" in parts:
            what = f"locality has an empty part ({shown(locality)})"
            faults.reject(message, attribute, what, "Write region/zone/subzone, region/* or *.")
        elif "*" in locality[:-1]:
            what = f"locality has a * before its end ({shown(locality)})"
            faults.reject(message, attribute, what, "Write region/* or *.")
        elif parts in broader or _is_covered(parts, seen):
            what = f"locality overlaps with an earlier one ({shown(locality)})"
            faults.reject(message, attribute, what, "Leave one of them out.")
        seen.add(parts)
        broader.update(parts[:length] for length in range(1, len(parts)))


def _is_covered(later: tuple[str, ...], seen: set[tuple[str, ...]]) -> bool:
    """In order only, as Istio does: a region behind its zone overlaps, and anything behind a star."""
    lengths = range(1, len(later) + 1)
    return any(later[:length] in seen or (*later[: length - 1], "*") in seen for length in lengths)
