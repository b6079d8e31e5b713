"""The firewall learns addresses from DNS answers, forgets each after a lease, and then answers with a reset.

The lease runs from the first answer and is not renewed, so it ends between two look-ups: for a while the sidecar holds
an address that DNS still names and the firewall no longer lets through. Connections that are never looked up again
are cut for good.
"""

from __future__ import annotations

from unstale.lab.scenario import NOTHING, SOME, Bounds, Scenario, Timing
from unstale.lab.world import Firewall


def _firewall(timing: Timing) -> Firewall:
    return Firewall(lease_s=2.5 * max(timing.ttl_s, 1), rejects=True)


SCENARIO = Scenario(
    firewall=_firewall,
    expects={
        ("none", "GET"): Bounds(failed=(0.2, 1.0)),
        ("none", "POST"): Bounds(failed=(0.2, 1.0)),
        ("article", "GET"): Bounds(failed=SOME),
        ("article", "POST"): Bounds(failed=SOME),
        ("recommended", "GET"): NOTHING,
        ("recommended", "POST"): Bounds(failed=(0.0, 0.2)),
    },
)
