"""The server itself treats a share of the requests badly for a while, on all its addresses."""

from __future__ import annotations

from dataclasses import dataclass

from unstale.lab.behaviour import SERVES, Behaviour
from unstale.lab.running import RunningWorld
from unstale.lab.scenario import Moment, Timing
from unstale.model.experiment import Actor


@dataclass(frozen=True, slots=True)
class ServerMisbehaves:
    """From now on all nodes show `behaviour`, which `what` says in words."""

    behaviour: Behaviour
    what: str

    async def strike(self, world: RunningWorld) -> None:
        addresses = (*world.world.addresses, *world.world.spare_addresses)
        await world.behave(addresses, self.behaviour)
        world.tell(Actor.SERVER, self.what)


def for_a_while(timing: Timing, behaviour: Behaviour, what: str) -> tuple[Moment, ...]:
    """The moments of a server that misbehaves for four seconds, or half the load where that is less."""
    return (
        Moment(after_s=timing.start_s, fault=ServerMisbehaves(behaviour, what)),
        Moment(after_s=min(4.0, timing.duration_s / 2), fault=ServerMisbehaves(SERVES, "serves again")),
    )


FAULT = ServerMisbehaves
