"""The load balancer moves at once, and the sidecar speaks TLS for the application.

As `rotation-sudden`, with a real certificate authority: the application calls in the clear, a DestinationRule of mode
SIMPLE encrypts. So the sidecar sees requests and can repeat them, at the price of a handshake for each new connection.
"""

from __future__ import annotations

from unstale.lab.scenario import FAILS_MANY, FAILS_SOME, HARDLY_FAILS, MAY_FAIL, NOTHING, Bounds, Least, expected
from unstale.lab.scenarios.rotation_sudden import SCENARIO as IN_THE_CLEAR
from unstale.lab.unavoidable import MAY_HAVE_RUN
from unstale.lab.variant import variant
from unstale.lab.world import Tls

SCENARIO = variant(
    IN_THE_CLEAR,
    tls=Tls.ORIGINATED,
    expects=expected(
        none=(FAILS_MANY, FAILS_SOME),
        fresh_dns=FAILS_SOME,
        short_lived=HARDLY_FAILS,
        article=MAY_FAIL,
        mesh_max_age=FAILS_SOME,
        recommended=(NOTHING, Bounds(failed=(0.0, 0.5))),
    ),
    least={
        "POST": Least(failed=0.1, why=MAY_HAVE_RUN),
    },
)
