"""One of the addresses that DNS names has been dead from the beginning: packets to it vanish.

Health checks of the provider lag behind. Half of the new connections hang until the connect time-out; how long that
is, and whether the next try takes the other address, decides.
"""

from __future__ import annotations

from dataclasses import replace

from unstale.lab.scenario import FAILS_MANY, FAILS_SOME, MAY_FAIL, NOTHING, Scenario, Timing, expected
from unstale.lab.world import World


def _world(world: World, _: Timing) -> World:
    return replace(world, silent=world.addresses[:1])


SCENARIO = Scenario(
    world=_world,
    hangs=True,
    source="RFC 8305 exists for this reason; Envoy's connect_timeout is 10 s by Istio's default",
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=FAILS_SOME,
        short_lived=FAILS_MANY,
        article=MAY_FAIL,
        mesh_max_age=FAILS_SOME,
        recommended=NOTHING,
    ),
)
