"""The load balancer replaces one node at a time, without end: DNS names the next, the oldest leaves after a grace.

Addresses come round again, as a provider's do: who left long ago joins anew.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from unstale.lab.running import RunningWorld
from unstale.model.experiment import Actor


@dataclass(frozen=True, slots=True)
class NodesRoll:
    """`grace_s` is how long a node outlives its name."""

    grace_s: float

    async def strike(self, world: RunningWorld) -> None:
        named = list(world.world.addresses)
        waiting = [address for address in world.world.spare_addresses if address not in named]
        while True:
            oldest, newest = named.pop(0), waiting.pop(0)
            named.append(newest)
            await world.join((newest,))
            await world.lull()
            world.authority.move(named)
            world.tell(Actor.DNS, f"names {newest} instead of {oldest}")
            await asyncio.sleep(self.grace_s)
            await world.leave((oldest,))
            world.tell(Actor.LOAD_BALANCER, f"{oldest} left")
            waiting.append(oldest)


FAULT = NodesRoll
