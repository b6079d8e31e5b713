"""The old load-balancer nodes are taken away: they still accept, but hang up on every request.

What the client sees is `connection termination`: the connection was there, the request was sent, nothing came back.
"""

from __future__ import annotations

from dataclasses import dataclass

from unstale.lab.behaviour import Behaviour
from unstale.lab.running import RunningWorld
from unstale.model.experiment import Actor

HANGS_UP = Behaviour(runs=False, answers=None)


@dataclass(frozen=True, slots=True)
class NodesHangUp:
    """Strikes the addresses that the world started with."""

    async def strike(self, world: RunningWorld) -> None:
        await world.behave(world.world.addresses, HANGS_UP)
        world.tell(Actor.LOAD_BALANCER, f"{', '.join(world.world.addresses)} hang up")


FAULT = NodesHangUp
