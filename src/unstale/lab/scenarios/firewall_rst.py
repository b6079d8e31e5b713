"""The firewall learns addresses from DNS answers, forgets each after a lease, and then answers with a reset.

The lease runs from the first answer and is not renewed, so it ends between two look-ups: for a while the sidecar holds
an address that DNS still names and the firewall no longer lets through. Connections that are never looked up again
are cut for good.
"""

from __future__ import annotations

from unstale.lab.scenario import SOME, Bounds, Scenario, Timing
from unstale.lab.world import Firewall

CUT_ANSWERS = (0.0, 0.02)
"""A request whose answer was under way when the lease ended has run, and a retry runs it again."""


def _firewall(timing: Timing) -> Firewall:
    return Firewall(lease_s=2.5 * max(timing.ttl_s, 1), rejects=True)


SCENARIO = Scenario(
    firewall=_firewall,
    expects={
        ("none", "GET"): Bounds(failed=(0.2, 1.0)),
        ("none", "POST"): Bounds(failed=(0.2, 1.0)),
        ("article", "GET"): Bounds(failed=SOME, twice=CUT_ANSWERS),
        ("article", "POST"): Bounds(failed=SOME, twice=CUT_ANSWERS),
        ("recommended", "GET"): Bounds(twice=CUT_ANSWERS),
        ("recommended", "POST"): Bounds(failed=(0.0, 0.2)),
    },
)
