"""The load balancer moves, and the old nodes say GOAWAY before they close: gRPC over one connection for many.

GOAWAY names the last stream that the server took, so whoever sent a later one knows that it was not run and may send
it again. A gRPC channel opens another connection and nobody notices.
"""

from __future__ import annotations

from dataclasses import replace

from unstale.lab.faults.dns_moves import DnsMoves
from unstale.lab.faults.nodes_leave import NodesLeave
from unstale.lab.scenario import FAILS_SOME, NOTHING, Moment, Scenario, Timing, expected
from unstale.lab.world import Http


def _moments(timing: Timing) -> tuple[Moment, ...]:
    return (
        Moment(after_s=timing.start_s, fault=DnsMoves()),
        Moment(after_s=timing.grace_s, fault=NodesLeave()),
    )


SCENARIO = Scenario(
    moments=_moments,
    world=lambda world, _: replace(world, http=Http.GRPC),
    methods=("POST",),
    source="RFC 9113, 6.8 (GOAWAY); gRPC, status codes",
    expects=expected(
        ("POST",),
        none=FAILS_SOME,
        fresh_dns=NOTHING,
        short_lived=NOTHING,
        article=NOTHING,
        mesh_max_age=NOTHING,
        recommended=NOTHING,
    ),
)
