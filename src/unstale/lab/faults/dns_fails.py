"""The authority fails for a while, in one of the ways in which DNS fails; the nodes do not move."""

from __future__ import annotations

from dataclasses import dataclass

from unstale.lab.dns.authority import Failing
from unstale.lab.running import RunningWorld
from unstale.lab.scenario import Moment, Timing
from unstale.model.experiment import Actor


@dataclass(frozen=True, slots=True)
class DnsFails:
    """From now on the authority fails as `how` says; None makes it well again."""

    how: Failing | None

    async def strike(self, world: RunningWorld) -> None:
        world.authority.failing = self.how
        world.tell(Actor.DNS, f"gives {self.how.value}" if self.how else "answers again")


def for_a_while(timing: Timing, how: Failing) -> tuple[Moment, ...]:
    """The moments of an authority that fails for three seconds, or three times to live where that is more."""
    return (
        Moment(after_s=timing.start_s, fault=DnsFails(how)),
        Moment(after_s=min(max(3.0, 3.0 * timing.ttl_s), timing.duration_s / 2), fault=DnsFails(None)),
    )


FAULT = DnsFails
