"""The load balancer moves and its old nodes leave after a second, although its DNS answers were valid for four.

The provider breaks its own promise. Nobody who keeps to the time to live can know the new address in time; only who
waits longer than it, or looks the name up for each connection, gets through.
"""

from __future__ import annotations

from dataclasses import replace

from unstale.lab.faults.dns_moves import DnsMoves
from unstale.lab.faults.nodes_leave import NodesLeave
from unstale.lab.scenario import (
    FAILS_MANY,
    FAILS_SOME,
    HARDLY_FAILS,
    MAY_FAIL,
    NOTHING,
    Least,
    Moment,
    Scenario,
    Timing,
    expected,
)
from unstale.lab.unavoidable import MAY_HAVE_RUN


def _moments(timing: Timing) -> tuple[Moment, ...]:
    return (
        Moment(after_s=timing.start_s, fault=DnsMoves()),
        Moment(after_s=1.0, fault=NodesLeave()),
    )


SCENARIO = Scenario(
    moments=_moments,
    world=lambda world, timing: replace(world, ttl_s=4 * max(timing.ttl_s, 1)),
    duration_s=16.0,
    source="RFC 1035: an answer may be kept for its TTL; providers' failover is often faster",
    expects=expected(
        none=(FAILS_MANY, FAILS_SOME),
        fresh_dns=FAILS_SOME,
        short_lived=HARDLY_FAILS,
        article=MAY_FAIL,
        mesh_max_age=FAILS_SOME,
        recommended=(NOTHING, HARDLY_FAILS),
    ),
    least={
        "POST": Least(failed=0.005, why=MAY_HAVE_RUN),
    },
)
