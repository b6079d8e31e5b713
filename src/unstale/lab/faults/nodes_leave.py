"""The old load-balancer nodes are taken away properly: open connections get a FIN, new ones are refused."""

from __future__ import annotations

from dataclasses import dataclass

from unstale.lab.running import RunningWorld
from unstale.model.experiment import Actor


@dataclass(frozen=True, slots=True)
class NodesLeave:
    """Strikes the addresses that the world started with."""

    async def strike(self, world: RunningWorld) -> None:
        await world.leave(world.world.addresses)
        world.tell(Actor.LOAD_BALANCER, f"{', '.join(world.world.addresses)} closed their connections and left")


FAULT = NodesLeave
