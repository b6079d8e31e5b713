"""One of the nodes accepts every connection and request, and answers nothing: its process hangs, its kernel lives.

No connection fails, so nothing but a time-out tells. Who has no time-out for a try waits as long as the application
does, and comes back to the same node.
"""

from __future__ import annotations

from unstale.lab.faults.node_stalls import NodeStalls
from unstale.lab.scenario import FAILS_MANY, FAILS_SOME, MAY_FAIL, NOTHING, Least, Moment, Scenario, expected
from unstale.lab.unavoidable import MAY_BE_RUNNING

SCENARIO = Scenario(
    moments=lambda timing: (Moment(after_s=timing.start_s, fault=NodeStalls()),),
    hangs=True,
    source="a stopped or deadlocked process: the kernel completes handshakes up to the backlog by itself",
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=FAILS_SOME,
        short_lived=FAILS_MANY,
        article=MAY_FAIL,
        mesh_max_age=FAILS_SOME,
        recommended=(NOTHING, MAY_FAIL),
    ),
    least={
        "POST": Least(failed=0.005, why=MAY_BE_RUNNING),
    },
)
