"""Address translation on the way forgets connections that were idle for a while, and drops what comes on them later.

Traffic is rare here: one request on each connection, then a pause just longer than the time-out. The kernel's own
connection tracking forgets; both ends still believe in the connection, and the next request vanishes.
"""

from __future__ import annotations

from dataclasses import replace

from unstale.lab.scenario import FAILS_SOME, MAY_FAIL, NOTHING, Scenario, Timing, expected
from unstale.lab.world import Nat, World


def _world(world: World, timing: Timing) -> World:
    return replace(world, nat=Nat(idle_s=max(1, round(2 * timing.idle_s))))


SCENARIO = Scenario(
    world=_world,
    workload="sparse",
    duration_s=10.0,
    hangs=True,
    source="Linux nf_conntrack_tcp_timeout_established; AWS NAT gateway forgets after 350 s, Azure after 4 min",
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=FAILS_SOME,
        short_lived=FAILS_SOME,
        article=MAY_FAIL,
        mesh_max_age=MAY_FAIL,
        recommended=NOTHING,
    ),
)
