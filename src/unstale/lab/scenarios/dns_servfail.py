"""The authority fails for a few seconds and says so; the nodes never moved.

A resolver that cannot reach the zone's servers. A sidecar keeps the addresses that it has; an application that looks
the name up for every connection has none.
"""

from __future__ import annotations

from unstale.lab.dns.authority import Failing
from unstale.lab.faults.dns_fails import for_a_while
from unstale.lab.scenario import FAILS_SOME, MAY_FAIL, NOTHING, Scenario, expected

SCENARIO = Scenario(
    moments=lambda timing: for_a_while(timing, Failing.SERVFAIL),
    duration_s=10.0,
    source="RFC 1035, RCODE 2; Envoy keeps its hosts where a query fails",
    expects=expected(
        none=NOTHING,
        fresh_dns=NOTHING,
        short_lived=FAILS_SOME,
        article=NOTHING,
        mesh_max_age=MAY_FAIL,
        recommended=NOTHING,
    ),
)
