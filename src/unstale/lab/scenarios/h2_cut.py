"""The load balancer moves, and the old nodes cut HTTP/2 connections without GOAWAY.

Many requests share a connection, so one cut hits all of them, and nobody says which were run.
"""

from __future__ import annotations

from dataclasses import replace

from unstale.lab.faults.dns_moves import DnsMoves
from unstale.lab.faults.nodes_hang_up import NodesHangUp
from unstale.lab.scenario import FAILS_MANY, NOTHING, Moment, Scenario, Timing, expected
from unstale.lab.world import Http


def _moments(timing: Timing) -> tuple[Moment, ...]:
    return (
        Moment(after_s=timing.start_s, fault=DnsMoves()),
        Moment(after_s=timing.grace_s, fault=NodesHangUp()),
    )


SCENARIO = Scenario(
    moments=_moments,
    world=lambda world, _: replace(world, http=Http.HTTP2),
    source="RFC 9113, 6.8 (GOAWAY)",
    expects=expected(
        none=FAILS_MANY,
        fresh_dns=NOTHING,
        short_lived=NOTHING,
        article=NOTHING,
        mesh_max_age=NOTHING,
        recommended=NOTHING,
    ),
)
