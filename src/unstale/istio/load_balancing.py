"""The load balancing part of a DestinationRule, as messages; `destination_rule` exports them too.

Names and meaning follow istio/api, `networking/v1alpha3/destination_rule.proto`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from unstale.istio.duration import Duration
from unstale.istio.message import Message


class SimpleLB(StrEnum):
    """Load balancing without a hash; UNSPECIFIED and LEAST_CONN mean LEAST_REQUEST."""

    UNSPECIFIED = "UNSPECIFIED"
    LEAST_CONN = "LEAST_CONN"
    RANDOM = "RANDOM"
    PASSTHROUGH = "PASSTHROUGH"
    ROUND_ROBIN = "ROUND_ROBIN"
    LEAST_REQUEST = "LEAST_REQUEST"


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPCookieAttribute(Message):
    """One attribute of a hash cookie."""

    name: str = ""
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPCookie(Message):
    """The cookie to hash; with a `ttl` the proxy makes it where it is missing."""

    name: str = ""
    path: str | None = None
    ttl: Duration | None = None
    attributes: tuple[HTTPCookieAttribute, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RingHash(Message):
    """Ring hash."""

    minimum_ring_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MagLev(Message):
    """Maglev hash; the table size must be a prime number."""

    table_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsistentHashLB(Message):
    """Affinity by one of header, cookie, source address or query parameter; by ring hash or maglev."""

    http_header_name: str | None = None
    http_cookie: HTTPCookie | None = None
    use_source_ip: bool | None = None
    http_query_parameter_name: str | None = None
    ring_hash: RingHash | None = None
    maglev: MagLev | None = None
    minimum_ring_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalityDistribute(Message):
    """`to` maps localities to per cent; they add up to 100."""

    from_: str | None = None
    to: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalityFailover(Message):
    """Regions."""

    from_: str | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalityLoadBalancerSetting(Message):
    """Traffic by locality; at most one of the three lists, but failover and failoverPriority may meet."""

    distribute: tuple[LocalityDistribute, ...] = ()
    failover: tuple[LocalityFailover, ...] = ()
    failover_priority: tuple[str, ...] = ()
    enabled: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneAwareLbSetting(Message):
    """Zone-aware routing."""

    enabled: bool | None = None
    failover: tuple[LocalityFailover, ...] = ()
    failover_priority: tuple[str, ...] = ()
    min_cluster_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmupConfiguration(Message):
    """Traffic to a new endpoint grows for `duration`, from `minimum_percent` (0..100) on."""

    duration: Duration | None = None
    minimum_percent: float | None = None
    aggression: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendUtilization(Message):
    """Load balancing by what the endpoints report."""

    weight_update_period: Duration | None = None
    weight_stabilization_period: Duration | None = None
    weight_expiration_period: Duration | None = None
    error_utilization_penalty_percent: int | None = None
    metric_names_for_computing_utilization: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancerSettings(Message):
    """One of `simple`, `consistent_hash` and `backend_utilization`, and what goes with each."""

    simple: SimpleLB | None = None
    consistent_hash: ConsistentHashLB | None = None
    backend_utilization: BackendUtilization | None = None
    locality_lb_setting: LocalityLoadBalancerSetting | None = None
    zone_aware_lb_setting: ZoneAwareLbSetting | None = None
    warmup_duration_secs: Duration | None = None
    warmup: WarmupConfiguration | None = None
