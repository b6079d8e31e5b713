"""What a scenario is made of: a world, moments at which faults strike, and what each policy is expected to do.

Written as data, so that `prove --list` can explain it and a test can hold it against what was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from unstale.lab.running import RunningWorld
from unstale.lab.world import Firewall


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The clock a scenario plans by: the DNS time to live and the length of the load, in seconds."""

    ttl_s: int
    duration_s: float

    @property
    def start_s(self) -> float:
        """When the first fault strikes: after a calm quarter, two seconds at most."""
        return min(2.0, self.duration_s / 4)


class Fault(Protocol):
    """Something that goes wrong at a moment."""

    async def strike(self, world: RunningWorld) -> None:
        """Make it happen, and tell the world's events."""


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


NOTHING = Bounds()
"""No request failed and none ran twice."""

ANY = (0.0, 1.0)
SOME = (0.001, 1.0)


def _calm(_: Timing) -> tuple[Moment, ...]:
    return ()


def _no_firewall(_: Timing) -> Firewall | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`moments` and `firewall` follow from the timing; `expects` maps (policy, method) to bounds.

    `hangs` says that requests may hang for the application's whole patience: such cells take longest, so start first.
    """

    moments: Callable[[Timing], tuple[Moment, ...]] = _calm
    firewall: Callable[[Timing], Firewall | None] = _no_firewall
    hangs: bool = False
    expects: Mapping[tuple[str, str], Bounds] = field(default_factory=dict)
