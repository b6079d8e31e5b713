"""The old addresses belong to somebody else now: the old connections are closed, and new ones reach a stranger.

The stranger knows nothing of the host: in the clear it answers 404, over TLS it shows a certificate of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from unstale.lab.behaviour import Behaviour
from unstale.lab.running import RunningWorld
from unstale.model.experiment import Actor

STRANGER = Behaviour(runs=False, answers=404)


@dataclass(frozen=True, slots=True)
class AddressesReused:
    """Strikes the addresses that the world started with."""

    async def strike(self, world: RunningWorld) -> None:
        addresses = world.world.addresses
        await world.leave(addresses)
        await world.behave(addresses, STRANGER)
        await world.estrange(addresses)
        await world.join(addresses)
        world.tell(Actor.LOAD_BALANCER, f"{', '.join(addresses)} answer for somebody else")


FAULT = AddressesReused
