"""The load balancer moves, and the old nodes are gone without a word: no FIN, no reset, no refusal.

A machine whose power was cut, or an address that was detached. Requests that are under way hang, and new connections
hang too, until somebody's time-out; nothing says that the peer is dead.
"""

from __future__ import annotations

from unstale.lab.faults.dns_moves import DnsMoves
from unstale.lab.faults.nodes_vanish import NodesVanish
from unstale.lab.scenario import (
    FAILS_SOME,
    HARDLY,
    HARDLY_FAILS,
    MAY_FAIL,
    Bounds,
    Least,
    Moment,
    Scenario,
    Timing,
    expected,
)
from unstale.lab.unavoidable import HAS_RUN, MAY_BE_RUNNING


def _moments(timing: Timing) -> tuple[Moment, ...]:
    return (
        Moment(after_s=timing.start_s, fault=DnsMoves()),
        Moment(after_s=0.0, fault=NodesVanish()),
    )


SCENARIO = Scenario(
    moments=_moments,
    hangs=True,
    source="RFC 1122, 4.2.3.5: a connection whose peer is silent lives for minutes",
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=FAILS_SOME,
        short_lived=HARDLY_FAILS,
        article=Bounds(failed=HARDLY, twice=HARDLY),
        mesh_max_age=MAY_FAIL,  # nothing fails where every connection's age ends between the move and the silence
        recommended=(Bounds(twice=HARDLY), HARDLY_FAILS),
    ),
    least={
        "GET": Least(twice=0.01, why=HAS_RUN),
        "POST": Least(failed=0.01, why=MAY_BE_RUNNING),
    },
)
