"""The server closes connections that were idle for a second, the pool keeps them for an hour, and they are far apart.

A request and the server's FIN cross on the way. When the request arrives the server has closed already and answers
with a reset. Requests come just when the time-out strikes, which is where a keep-alive that is shorter than the pool's
always ends up.
"""

from __future__ import annotations

from dataclasses import replace

from unstale.lab.scenario import FAILS_SOME, MAY_FAIL, NOTHING, Scenario, Timing, expected
from unstale.lab.world import Server, World


def _world(world: World, timing: Timing) -> World:
    return replace(world, server=Server(idle_s=timing.idle_s), distance_ms=timing.distance_ms(40.0))


SCENARIO = Scenario(
    world=_world,
    workload="sparse",
    source="Node.js keeps 5 s, Gunicorn 2 s, AWS ALB 60 s; Envoy's pool 1 h (Istio's default idleTimeout)",
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=FAILS_SOME,
        short_lived=FAILS_SOME,
        article=NOTHING,
        mesh_max_age=MAY_FAIL,
        recommended=NOTHING,
    ),
)
