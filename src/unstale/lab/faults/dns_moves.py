"""DNS names new addresses from now on; the answers given before stay valid for their time to live.

It strikes just after the host was looked up, which is the worst moment and the same in every run.
"""

from __future__ import annotations

from dataclasses import dataclass

from unstale.lab.running import RunningWorld
from unstale.lab.world import NEW_NODES
from unstale.model.experiment import Actor


@dataclass(frozen=True, slots=True)
class DnsMoves:
    """`to` are the addresses that every host has from now on."""

    to: tuple[str, ...] = NEW_NODES

    async def strike(self, world: RunningWorld) -> None:
        await world.lull()
        world.authority.move(self.to)
        world.tell(Actor.DNS, f"moved to {', '.join(self.to)}")


FAULT = DnsMoves
