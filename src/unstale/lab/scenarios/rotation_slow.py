"""The load balancer moves, and leaves time: DNS names new addresses, the old nodes hang up three seconds later.

This is how a cloud load balancer scales: the old nodes stay longer than the DNS time to live, so whoever looks the
name up again is gone before they are. Who keeps a connection without ever looking again fails, until it is restarted.
"""

from __future__ import annotations

from unstale.lab.faults.dns_moves import DnsMoves
from unstale.lab.faults.nodes_hang_up import NodesHangUp
from unstale.lab.scenario import FAILS_MANY, FAILS_SOME, NOTHING, Moment, Scenario, Timing, expected


def _moments(timing: Timing) -> tuple[Moment, ...]:
    return (
        Moment(after_s=timing.start_s, fault=DnsMoves()),
        Moment(after_s=timing.grace_s, fault=NodesHangUp()),
    )


SCENARIO = Scenario(
    is_default=True,
    source="AWS, Elastic Load Balancing: DNS names new nodes with a TTL of 60 s, old ones stay for a while",
    moments=_moments,
    expects=expected(
        none=(FAILS_MANY, FAILS_SOME),
        fresh_dns=NOTHING,
        short_lived=NOTHING,
        article=NOTHING,
        mesh_max_age=NOTHING,
        recommended=NOTHING,
    ),
)
