"""One node of those that DNS names accepts everything and answers nothing: its process hangs, its kernel lives."""

from __future__ import annotations

from dataclasses import dataclass

from unstale.lab.behaviour import STALLS
from unstale.lab.running import RunningWorld
from unstale.model.experiment import Actor


@dataclass(frozen=True, slots=True)
class NodeStalls:
    """Strikes the first of the addresses that the world started with."""

    async def strike(self, world: RunningWorld) -> None:
        stalled = world.world.addresses[:1]
        await world.behave(stalled, STALLS)
        world.tell(Actor.SERVER, f"{stalled[0]} accepts and never answers")


FAULT = NodeStalls
