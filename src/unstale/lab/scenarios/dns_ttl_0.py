"""The load balancer moves and leaves time, and its DNS answers have a time to live of 0: do not keep this.

An application asks again each time. A sidecar takes 0 for "not said" and asks again after its refresh rate, a minute,
so it follows later than with any other time to live.
"""

from __future__ import annotations

from dataclasses import replace

from unstale.lab.faults.dns_moves import DnsMoves
from unstale.lab.faults.nodes_hang_up import NodesHangUp
from unstale.lab.scenario import FAILS_MANY, FAILS_SOME, MAY_FAIL, NOTHING, Moment, Scenario, Timing, expected


def _moments(timing: Timing) -> tuple[Moment, ...]:
    return (
        Moment(after_s=timing.start_s, fault=DnsMoves()),
        Moment(after_s=timing.grace_s, fault=NodesHangUp()),
    )


SCENARIO = Scenario(
    moments=_moments,
    world=lambda world, _: replace(world, ttl_s=0),
    source="Envoy respect_dns_ttl: a TTL of 0 falls back to dns_refresh_rate (60 s by Istio's default)",
    expects=expected(
        none=(FAILS_MANY, FAILS_SOME),
        fresh_dns=NOTHING,
        short_lived=NOTHING,
        article=FAILS_MANY,
        mesh_max_age=MAY_FAIL,
        recommended=NOTHING,
    ),
)
