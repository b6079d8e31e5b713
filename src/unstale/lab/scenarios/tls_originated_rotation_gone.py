"""The load balancer moves and the old nodes are gone without a word, and the sidecar speaks TLS for the application.

As `rotation-gone`, with a real certificate authority: the application calls in the clear, a DestinationRule of mode
SIMPLE encrypts. So the sidecar sees requests and can repeat them, at the price of a handshake for each new connection.
"""

from __future__ import annotations

from unstale.lab.scenario import FAILS_SOME, HARDLY, HARDLY_FAILS, MAY_FAIL, Bounds, Least, expected
from unstale.lab.scenarios.rotation_gone import SCENARIO as IN_THE_CLEAR
from unstale.lab.unavoidable import HAS_RUN, MAY_BE_RUNNING
from unstale.lab.variant import variant
from unstale.lab.world import Tls

SCENARIO = variant(
    IN_THE_CLEAR,
    tls=Tls.ORIGINATED,
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=MAY_FAIL,
        short_lived=HARDLY_FAILS,
        article=Bounds(failed=HARDLY, twice=HARDLY),
        mesh_max_age=MAY_FAIL,
        recommended=(Bounds(twice=HARDLY), HARDLY_FAILS),
    ),
    least={
        "GET": Least(twice=0.01, why=HAS_RUN),
        "POST": Least(failed=0.01, why=MAY_BE_RUNNING),
    },
)
