"""DNS answers carry another time to live from now on."""

from __future__ import annotations

from dataclasses import dataclass

from unstale.lab.running import RunningWorld
from unstale.model.experiment import Actor


@dataclass(frozen=True, slots=True)
class TtlChanges:
    """`to_s` is the new time to live in whole seconds."""

    to_s: int

    async def strike(self, world: RunningWorld) -> None:
        world.authority.ttl_s = self.to_s
        world.tell(Actor.DNS, f"time to live is {self.to_s} s")


FAULT = TtlChanges
