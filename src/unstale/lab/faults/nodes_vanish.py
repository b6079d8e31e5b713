"""The old load-balancer nodes are gone without a word: packets to them vanish, nothing comes back."""

from __future__ import annotations

from dataclasses import dataclass

from unstale.lab.running import RunningWorld
from unstale.model.experiment import Actor


@dataclass(frozen=True, slots=True)
class NodesVanish:
    """Strikes the addresses that the world started with."""

    async def strike(self, world: RunningWorld) -> None:
        await world.silence.fall(world.world.addresses)
        world.tell(Actor.LOAD_BALANCER, f"{', '.join(world.world.addresses)} are gone without a word")


FAULT = NodesVanish
