"""The load balancer replaces one node at a time and never stops; each outlives its name by more than a time to live.

Providers patch and scale all day. Each step is harmless for who follows DNS; who does not loses a node at each step,
and addresses come round again with other nodes behind them.
"""

from __future__ import annotations

from unstale.lab.faults.nodes_roll import NodesRoll
from unstale.lab.scenario import FAILS_SOME, HARDLY_FAILS, NOTHING, Moment, Scenario, Timing, expected


def _moments(timing: Timing) -> tuple[Moment, ...]:
    return (Moment(after_s=timing.start_s / 2, fault=NodesRoll(1.5 * max(timing.ttl_s, 0.5))),)


SCENARIO = Scenario(
    moments=_moments,
    duration_s=12.0,
    source="AWS, Elastic Load Balancing user guide: nodes are replaced as load changes, DNS has a TTL of 60 s",
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=HARDLY_FAILS,
        short_lived=HARDLY_FAILS,
        article=HARDLY_FAILS,
        mesh_max_age=HARDLY_FAILS,
        recommended=(NOTHING, HARDLY_FAILS),
    ),
)
