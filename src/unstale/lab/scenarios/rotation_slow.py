"""The load balancer moves, and leaves time: DNS names new addresses, the old nodes hang up three seconds later.

This is how a cloud load balancer scales: the old nodes stay longer than the DNS time to live, so whoever looks the
name up again is gone before they are. Who keeps a connection without ever looking again fails, until it is restarted.
"""

from __future__ import annotations

from unstale.lab.faults.dns_moves import DnsMoves
from unstale.lab.faults.nodes_hang_up import NodesHangUp
from unstale.lab.scenario import NOTHING, Bounds, Moment, Scenario, Timing


def _moments(timing: Timing) -> tuple[Moment, ...]:
    grace_s = max(3.0, 1.5 * timing.ttl_s)
    return (
        Moment(after_s=timing.start_s, fault=DnsMoves()),
        Moment(after_s=grace_s, fault=NodesHangUp()),
    )


SCENARIO = Scenario(
    moments=_moments,
    expects={
        ("none", "GET"): Bounds(failed=(0.2, 1.0)),
        ("none", "POST"): Bounds(failed=(0.2, 1.0)),
        ("fresh-dns", "GET"): NOTHING,
        ("fresh-dns", "POST"): NOTHING,
        ("short-lived", "GET"): NOTHING,
        ("short-lived", "POST"): NOTHING,
        ("article", "GET"): NOTHING,
        ("article", "POST"): NOTHING,
        ("recommended", "GET"): NOTHING,
        ("recommended", "POST"): NOTHING,
    },
)
