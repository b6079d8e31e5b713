"""The firewall learns addresses from DNS answers, forgets each after a lease, and then drops without a word.

Nothing tells the sender: its packets vanish, TCP repeats them for minutes, and a request hangs until somebody loses
patience. Who looks the name up again meanwhile makes the firewall remember, and the repeated packets pass.
"""

from __future__ import annotations

from dataclasses import replace

from unstale.lab.scenario import FAILS_SOME, MAY_FAIL, NOTHING, Bounds, Scenario, Timing, expected
from unstale.lab.world import Firewall, World


def _world(world: World, timing: Timing) -> World:
    return replace(world, firewall=Firewall(lease_s=timing.lease_s, rejects=False))


IN_FLIGHT = (0.0, 0.04)
"""The lease ends three times, and each time eight GETs may be under way: 24 of 800 are asked again."""

SCENARIO = Scenario(
    is_default=True,
    source="firewalls that allow by FQDN and drop by default; RFC 1122, 4.2.3.5: TCP repeats for minutes",
    world=_world,
    hangs=True,
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=NOTHING,
        short_lived=MAY_FAIL,  # each end of the lease costs as many as are just being connected: 0 to all of them
        article=Bounds(twice=IN_FLIGHT),
        mesh_max_age=MAY_FAIL,
        recommended=(Bounds(twice=IN_FLIGHT), NOTHING),
    ),
)
