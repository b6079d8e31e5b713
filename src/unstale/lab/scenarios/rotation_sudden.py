"""The load balancer moves at once: DNS names new addresses at the very moment at which the old nodes hang up.

Nobody can know the new address before the time to live of the last answer has run out, so a request must be able to
wait that long. Retries that are all over in a fraction of a second only knock on the same closed door.
"""

from __future__ import annotations

from unstale.lab.faults.dns_moves import DnsMoves
from unstale.lab.faults.nodes_hang_up import NodesHangUp
from unstale.lab.scenario import NOTHING, SOME, Bounds, Moment, Scenario, Timing


def _moments(timing: Timing) -> tuple[Moment, ...]:
    return (
        Moment(after_s=timing.start_s, fault=DnsMoves()),
        Moment(after_s=0.0, fault=NodesHangUp()),
    )


SCENARIO = Scenario(
    moments=_moments,
    expects={
        ("none", "GET"): Bounds(failed=(0.2, 1.0)),
        ("none", "POST"): Bounds(failed=(0.2, 1.0)),
        ("fresh-dns", "GET"): Bounds(failed=SOME),
        ("fresh-dns", "POST"): Bounds(failed=SOME),
        ("article", "GET"): Bounds(failed=SOME),
        ("article", "POST"): Bounds(failed=SOME),
        ("recommended", "GET"): NOTHING,
        ("recommended", "POST"): Bounds(failed=(0.0, 0.5)),
    },
)
