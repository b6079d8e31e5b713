"""DNS gives for a few seconds an answer without addresses, and then names them again; the nodes never moved.

A load balancer without healthy nodes, or a split view that is wrong for a moment. For a sidecar that follows DNS it is
the same as a name that does not exist.
"""

from __future__ import annotations

from unstale.lab.dns.authority import Failing
from unstale.lab.faults.dns_fails import for_a_while
from unstale.lab.scenario import FAILS_MANY, FAILS_SOME, MAY_FAIL, NOTHING, Scenario, expected

SCENARIO = Scenario(
    moments=lambda timing: for_a_while(timing, Failing.EMPTY),
    duration_s=10.0,
    source="RFC 2308 NODATA; Envoy treats it as a success with no hosts",
    expects=expected(
        none=NOTHING,
        fresh_dns=NOTHING,
        short_lived=FAILS_SOME,
        article=FAILS_MANY,
        mesh_max_age=MAY_FAIL,
        recommended=NOTHING,
    ),
)
