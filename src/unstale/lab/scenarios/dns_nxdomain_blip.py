"""DNS says for a few seconds that the name does not exist, and then knows it again; the nodes never moved.

A zone that is being reloaded. A sidecar that follows DNS believes it, drops every address, and asks again only after
its refresh rate, which is a minute: three seconds of a wrong answer become an outage.
"""

from __future__ import annotations

from unstale.lab.dns.authority import Failing
from unstale.lab.faults.dns_fails import for_a_while
from unstale.lab.scenario import FAILS_MANY, FAILS_SOME, MAY_FAIL, NOTHING, Scenario, expected

SCENARIO = Scenario(
    moments=lambda timing: for_a_while(timing, Failing.NXDOMAIN),
    duration_s=10.0,
    source="Envoy STRICT_DNS: an empty result is a success with no hosts; next query after dns_refresh_rate",
    expects=expected(
        none=NOTHING,
        fresh_dns=NOTHING,
        short_lived=FAILS_SOME,
        article=FAILS_MANY,
        mesh_max_age=MAY_FAIL,
        recommended=NOTHING,
    ),
)
