"""DNS names new addresses from now on; the answers given before stay valid for their time to live.

It strikes just after the host was looked up, which is the worst moment and the same in every run.
"""

from __future__ import annotations

from dataclasses import dataclass

from unstale.lab.running import RunningWorld
from unstale.model.experiment import Actor


@dataclass(frozen=True, slots=True)
class DnsMoves:
    """`to` are the addresses that every host has from now on; None are as many new ones as there were old ones."""

    to: tuple[str, ...] | None = None

    async def strike(self, world: RunningWorld) -> None:
        to = self.to or world.world.spare_addresses[: len(world.world.addresses)]
        await world.lull()
        world.authority.move(to)
        world.tell(Actor.DNS, f"moved to {', '.join(to)}")


FAULT = DnsMoves
