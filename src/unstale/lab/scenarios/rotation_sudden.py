"""The load balancer moves at once: DNS names new addresses at the very moment at which the old nodes hang up.

Nobody can know the new address before the time to live of the last answer has run out, so a request must be able to
wait that long. Retries that are all over in a fraction of a second only knock on the same closed door.
"""

from __future__ import annotations

from unstale.lab.faults.dns_moves import DnsMoves
from unstale.lab.faults.nodes_hang_up import NodesHangUp
from unstale.lab.scenario import (
    FAILS_MANY,
    FAILS_SOME,
    HARDLY_FAILS,
    MAY_FAIL,
    NOTHING,
    Bounds,
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
        Moment(after_s=0.0, fault=NodesHangUp()),
    )


SCENARIO = Scenario(
    is_default=True,
    source="a failover or a node that dies: DNS moves when the old address is dead already",
    moments=_moments,
    expects=expected(
        none=(FAILS_MANY, FAILS_SOME),
        fresh_dns=FAILS_SOME,
        short_lived=HARDLY_FAILS,
        article=MAY_FAIL,
        mesh_max_age=FAILS_SOME,
        recommended=(NOTHING, Bounds(failed=(0.0, 0.5))),
    ),
    least={
        "POST": Least(failed=0.1, why=MAY_HAVE_RUN),
    },
)
