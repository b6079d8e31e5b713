"""The firewall learns addresses from DNS answers, renews the lease at each one, and forgets in the end.

Most products renew. Who goes on looking the name up is remembered for ever; who looked it up once, when it connected,
is forgotten with the lease, in the middle of its use of the connection, and its packets vanish.
"""

from __future__ import annotations

from dataclasses import replace

from unstale.lab.scenario import FAILS_SOME, NOTHING, Scenario, Timing, expected
from unstale.lab.world import Firewall, World


def _world(world: World, timing: Timing) -> World:
    return replace(world, firewall=Firewall(lease_s=timing.lease_s, rejects=False, renews=True))


SCENARIO = Scenario(
    world=_world,
    hangs=True,
    source="Palo Alto Networks, FortiGate: FQDN address objects are refreshed by look-ups and time out by TTL",
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=NOTHING,
        short_lived=NOTHING,
        article=NOTHING,
        mesh_max_age=NOTHING,
        recommended=NOTHING,
    ),
)
