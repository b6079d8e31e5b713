"""The firewall learns addresses from DNS answers, forgets each after a lease, and then drops without a word.

Nothing tells the sender: its packets vanish, TCP repeats them for minutes, and a request hangs until somebody loses
patience. Who looks the name up again meanwhile makes the firewall remember, and the repeated packets pass.
"""

from __future__ import annotations

from unstale.lab.scenario import NOTHING, SOME, Bounds, Scenario, Timing
from unstale.lab.world import Firewall


def _firewall(timing: Timing) -> Firewall:
    return Firewall(lease_s=2.5 * max(timing.ttl_s, 1), rejects=False)


SCENARIO = Scenario(
    firewall=_firewall,
    hangs=True,
    expects={
        ("none", "GET"): Bounds(failed=SOME),
        ("none", "POST"): Bounds(failed=SOME),
        ("article", "GET"): NOTHING,
        ("recommended", "GET"): NOTHING,
        ("recommended", "POST"): NOTHING,
    },
)
