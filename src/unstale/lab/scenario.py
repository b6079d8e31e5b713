"""What a scenario is made of: a world, moments at which faults strike, and what each policy is expected to do.

Written as data, so that `prove --list` can explain it and a test can hold it against what was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from unstale.envoy.inputs import Setting
from unstale.lab.running import RunningWorld
from unstale.lab.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The clock a scenario plans by, in seconds: the DNS time to live, the length of the load, and where they were
    asked for the firewall's lease, the idle time-out on the way and the one-way distance in milliseconds.
    """

    ttl_s: int
    duration_s: float
    asked_lease_s: float | None = None
    asked_idle_s: float | None = None
    asked_distance_ms: float | None = None

    @property
    def start_s(self) -> float:
        """When the first fault strikes: after a calm quarter, two seconds at most."""
        return min(2.0, self.duration_s / 4)

    @property
    def grace_s(self) -> float:
        """How long old nodes outlive a slow move: longer than a time to live."""
        return max(3.0, 1.5 * self.ttl_s)

    @property
    def lease_s(self) -> float:
        """How long a firewall remembers an address: unless asked otherwise it ends between two look-ups."""
        return self.asked_lease_s or 2.5 * max(self.ttl_s, 1)

    @property
    def idle_s(self) -> float:
        """After how long without a packet a server or a NAT forgets a connection."""
        return self.asked_idle_s or 1.0

    def distance_ms(self, usual: float) -> float:
        """The distance asked for, else the scenario's usual one."""
        return usual if self.asked_distance_ms is None else self.asked_distance_ms


class Fault(Protocol):
    """Something that goes wrong at a moment."""

    async def strike(self, world: RunningWorld) -> None:
        """Make it happen, and tell the world's events. May go on for ever: the end of the load ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A fault and how many seconds after the one before it, or after the first request, it strikes."""

    after_s: float
    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one policy may do with one method: `failed` and `twice` as shares of the requests, least and most."""

    failed: tuple[float, float] = (0.0, 0.0)
    twice: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Least:
    """What no policy at the sidecar can avoid, as shares of the requests, measured with the best one found; and why."""

    failed: float = 0.0
    twice: float = 0.0
    why: str


ANY = (0.0, 1.0)
SOME = (0.001, 1.0)
MANY = (0.2, 1.0)
HARDLY = (0.0, 0.02)
"""Shares of the requests; HARDLY are those that were on their way at the very moment of the fault."""

NOTHING = Bounds()
"""No request failed and none ran twice."""
FAILS_SOME = Bounds(failed=SOME)
FAILS_MANY = Bounds(failed=MANY)
HARDLY_FAILS = Bounds(failed=HARDLY)
MAY_FAIL = Bounds(failed=ANY)
"""Whether any fails is a matter of the moment."""

BOTH = ("GET", "POST")


def expected(
    methods: tuple[str, ...] = BOTH, **policies: Bounds | tuple[Bounds, Bounds]
) -> dict[tuple[str, str], Bounds]:
    """(policy, method) -> bounds from policies with underscores, one bound for all methods or one for each."""
    found: dict[tuple[str, str], Bounds] = {}
    for policy, bounds in policies.items():
        each = bounds if isinstance(bounds, tuple) else (bounds,) * len(methods)
        found.update({(policy.replace("_", "-"), method): one for method, one in zip(methods, each, strict=True)})
    return found


def _calm(_: Timing) -> tuple[Moment, ...]:
    return ()


def _plain(world: World, _: Timing) -> World:
    return world


def _as_given(setting: Setting) -> Setting:
    return setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`moments` and `world` follow from the timing; `expects` maps (policy, method) to bounds, `least` a method.

    `world` changes the plain world: two addresses, nothing on the way; `setting` what the manifests are compiled for,
    where the mesh itself is what fails. `workload` and `duration_s` are what it takes
    to show the failure, unless asked otherwise; `methods` those that make sense. `is_default` puts it among those that
    are run when none is named. `hangs` says that requests may hang for the application's whole patience: such cells
    take longest, so start first. `source` says where what it models is documented.
    """

    moments: Callable[[Timing], tuple[Moment, ...]] = _calm
    world: Callable[[World, Timing], World] = _plain
    setting: Callable[[Setting], Setting] = _as_given
    workload: str = "steady"
    duration_s: float = 8.0
    methods: tuple[str, ...] = ()
    is_default: bool = False
    hangs: bool = False
    source: str = ""
    expects: Mapping[tuple[str, str], Bounds] = field(default_factory=dict)
    least: Mapping[str, Least] = field(default_factory=dict)
