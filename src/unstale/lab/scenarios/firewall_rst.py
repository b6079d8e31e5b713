"""The firewall learns addresses from DNS answers, forgets each after a lease, and then answers with a reset.

The lease runs from the first answer and is not renewed, so it ends between two look-ups: for a while the sidecar holds
an address that DNS still names and the firewall no longer lets through. Connections that are never looked up again
are cut for good.
"""

from __future__ import annotations

from dataclasses import replace

from unstale.lab.scenario import FAILS_SOME, SOME, Bounds, Least, Scenario, Timing, expected
from unstale.lab.unavoidable import HAS_RUN, MAY_HAVE_RUN
from unstale.lab.world import Firewall, World

CUT_ANSWERS = (0.0, 0.05)
"""A request whose answer was under way when the lease ended has run, and a retry runs it again."""


def _world(world: World, timing: Timing) -> World:
    return replace(world, firewall=Firewall(lease_s=timing.lease_s, rejects=True))


SCENARIO = Scenario(
    is_default=True,
    source="firewalls that allow by FQDN (Azure Firewall, FortiGate, Palo Alto): rules from DNS answers, with a lease",
    world=_world,
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=FAILS_SOME,
        short_lived=Bounds(failed=(0.0, 0.05)),
        article=Bounds(failed=SOME, twice=CUT_ANSWERS),
        mesh_max_age=FAILS_SOME,
        recommended=(Bounds(twice=CUT_ANSWERS), Bounds(failed=(0.0, 0.2))),
    ),
    least={
        "GET": Least(twice=0.0125, why=HAS_RUN),
        "POST": Least(failed=0.03, why=MAY_HAVE_RUN),
    },
)
