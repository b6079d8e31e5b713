"""The firewall forgets addresses and drops without a word, and the sidecar speaks TLS for the application.

As `firewall-drop`, with a real certificate authority: the application calls in the clear, a DestinationRule of mode
SIMPLE encrypts. So the sidecar sees requests and can repeat them, at the price of a handshake for each new connection.
"""

from __future__ import annotations

from unstale.lab.scenario import FAILS_SOME, HARDLY, HARDLY_FAILS, MAY_FAIL, Bounds, expected
from unstale.lab.scenarios.firewall_drop import IN_FLIGHT
from unstale.lab.scenarios.firewall_drop import SCENARIO as IN_THE_CLEAR
from unstale.lab.variant import variant
from unstale.lab.world import Tls

SCENARIO = variant(
    IN_THE_CLEAR,
    tls=Tls.ORIGINATED,
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=HARDLY_FAILS,
        short_lived=MAY_FAIL,
        article=Bounds(failed=HARDLY, twice=(0.0, 0.05)),
        mesh_max_age=MAY_FAIL,
        recommended=(Bounds(twice=IN_FLIGHT), HARDLY_FAILS),
    ),
)
