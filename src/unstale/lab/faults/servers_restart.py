"""One server after another is told to end, finishes what it works on, and is back at its address after a while.

A deploy of machines, not of pods: the addresses stay, and DNS knows of nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from unstale.lab.running import RunningWorld
from unstale.model.experiment import Actor


@dataclass(frozen=True, slots=True)
class ServersRestart:
    """Each of the addresses that the world started with is away for `away_s`, and as long passes before the next."""

    away_s: float

    async def strike(self, world: RunningWorld) -> None:
        for address in world.world.addresses:
            await world.leave((address,))
            world.tell(Actor.SERVER, f"{address} ends: it answers what it has and accepts nobody")
            await asyncio.sleep(self.away_s)
            await world.join((address,))
            world.tell(Actor.SERVER, f"{address} is back")
            await asyncio.sleep(self.away_s)


FAULT = ServersRestart
