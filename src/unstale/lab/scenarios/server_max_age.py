"""The server closes each connection a second after it was opened, between two requests as it sees them.

It does not announce it with `Connection: close`. With distance between them the next request is on its way already,
reaches a closed connection and gets a reset.
"""

from __future__ import annotations

from dataclasses import replace

from unstale.lab.scenario import FAILS_SOME, HARDLY_FAILS, NOTHING, Scenario, Timing, expected
from unstale.lab.world import Server, World


def _world(world: World, timing: Timing) -> World:
    return replace(world, server=Server(max_age_s=timing.idle_s), distance_ms=timing.distance_ms(10.0))


SCENARIO = Scenario(
    world=_world,
    source="Go net/http servers behind max-age middleware, HAProxy http-keep-alive limits, gRPC MAX_CONNECTION_AGE",
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=FAILS_SOME,
        short_lived=FAILS_SOME,
        article=HARDLY_FAILS,
        mesh_max_age=FAILS_SOME,
        recommended=NOTHING,
    ),
)
