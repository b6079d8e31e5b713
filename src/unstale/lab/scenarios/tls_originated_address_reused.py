"""The load balancer moves, and its old addresses later show a stranger's certificate; the sidecar speaks TLS.

As `address-reused`, with a real certificate authority. The sidecar refuses a certificate for another name, and to the
application that is a 503 with `TLS_error`, not a stranger's answer.
"""

from __future__ import annotations

from unstale.lab.scenario import FAILS_SOME, NOTHING, expected
from unstale.lab.scenarios.address_reused import SCENARIO as IN_THE_CLEAR
from unstale.lab.variant import variant
from unstale.lab.world import Tls

SCENARIO = variant(
    IN_THE_CLEAR,
    tls=Tls.ORIGINATED,
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=NOTHING,
        short_lived=NOTHING,
        article=NOTHING,
        mesh_max_age=NOTHING,
        recommended=NOTHING,
    ),
)
