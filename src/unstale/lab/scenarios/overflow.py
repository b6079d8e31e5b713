"""A second's requests come at once, more than there are connections, while the server takes its time for each.

Nothing is stale here. A policy that limits connections or pending requests too tightly answers `503 UO` itself, and
retries of its own make the crowd larger. Without limits everybody waits and is served.
"""

from __future__ import annotations

from unstale.lab.behaviour import Behaviour
from unstale.lab.faults.server_misbehaves import for_a_while
from unstale.lab.scenario import NOTHING, Moment, Scenario, Timing, expected

SLOW = Behaviour(takes_s=0.02)


def _moments(timing: Timing) -> tuple[Moment, ...]:
    return for_a_while(timing, SLOW, "takes 20 ms for each request")


SCENARIO = Scenario(
    moments=_moments,
    workload="burst",
    source="Envoy circuit breakers (upstream_rq_pending_overflow); Istio's defaults have no limit",
    expects=expected(
        none=NOTHING,
        fresh_dns=NOTHING,
        short_lived=NOTHING,
        article=NOTHING,
        mesh_max_age=NOTHING,
        recommended=NOTHING,
    ),
)
