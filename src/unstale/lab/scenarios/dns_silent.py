"""DNS does not answer at all for a few seconds; the nodes never moved.

Lost datagrams, or a resolver that is overloaded. Whoever must look the name up to connect hangs until the resolver's
time-out.
"""

from __future__ import annotations

from unstale.lab.dns.authority import Failing
from unstale.lab.faults.dns_fails import for_a_while
from unstale.lab.scenario import MAY_FAIL, NOTHING, Scenario, expected

SCENARIO = Scenario(
    moments=lambda timing: for_a_while(timing, Failing.SILENT),
    duration_s=10.0,
    source="resolv.conf(5): 5 s a try by default, here 1 s; Envoy keeps its hosts where a query times out",
    expects=expected(
        none=NOTHING,
        fresh_dns=NOTHING,
        short_lived=MAY_FAIL,
        article=NOTHING,
        mesh_max_age=MAY_FAIL,
        recommended=NOTHING,
    ),
)
