"""The load balancer moves, and the old nodes leave as programs do: idle connections get a FIN, new ones are refused.

This is the gentlest end: the sidecar sees the FIN before it needs the connection. What fails is whoever asks the old
address again, because nothing told it of a new one.
"""

from __future__ import annotations

from unstale.lab.faults.dns_moves import DnsMoves
from unstale.lab.faults.nodes_leave import NodesLeave
from unstale.lab.scenario import (
    FAILS_MANY,
    FAILS_SOME,
    HARDLY_FAILS,
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
        Moment(after_s=0.0, fault=NodesLeave()),
    )


SCENARIO = Scenario(
    moments=_moments,
    source="RFC 9293 (FIN and RST); a process that is told to stop closes its sockets",
    expects=expected(
        none=(FAILS_MANY, FAILS_SOME),
        fresh_dns=FAILS_SOME,
        short_lived=HARDLY_FAILS,
        article=FAILS_SOME,
        mesh_max_age=FAILS_SOME,
        recommended=(NOTHING, HARDLY_FAILS),
    ),
    least={
        "POST": Least(failed=0.00125, why=MAY_HAVE_RUN),
    },
)
