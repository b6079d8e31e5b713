"""The load balancer moves and leaves time, and the sidecar speaks TLS for the application.

As `rotation-slow`, with a real certificate authority: the application calls in the clear, a DestinationRule of mode
SIMPLE encrypts. So the sidecar sees requests and can repeat them, at the price of a handshake for each new connection.
"""

from __future__ import annotations

from unstale.lab.scenario import FAILS_MANY, FAILS_SOME, NOTHING, expected
from unstale.lab.scenarios.rotation_slow import SCENARIO as IN_THE_CLEAR
from unstale.lab.variant import variant
from unstale.lab.world import Tls

SCENARIO = variant(
    IN_THE_CLEAR,
    tls=Tls.ORIGINATED,
    expects=expected(
        none=(FAILS_MANY, FAILS_SOME),
        fresh_dns=NOTHING,
        short_lived=NOTHING,
        article=NOTHING,
        mesh_max_age=NOTHING,
        recommended=NOTHING,
    ),
)
