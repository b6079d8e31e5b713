"""The firewall forgets addresses and drops without a word, and the application speaks TLS itself.

As `firewall-drop`, with a real certificate authority. To the sidecar the connection is opaque: it can send new ones to
the right address, but neither repeat a request in it nor move it, and what breaks inside breaks for the application.
"""

from __future__ import annotations

from unstale.lab.scenario import FAILS_SOME, HARDLY_FAILS, MAY_FAIL, NOTHING, expected
from unstale.lab.scenarios.firewall_drop import SCENARIO as IN_THE_CLEAR
from unstale.lab.variant import variant
from unstale.lab.world import Tls

SCENARIO = variant(
    IN_THE_CLEAR,
    tls=Tls.PASSTHROUGH,
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=HARDLY_FAILS,
        short_lived=MAY_FAIL,
        article=NOTHING,
        mesh_max_age=FAILS_SOME,
        recommended=NOTHING,
    ),
)
