"""The load balancer moves, and its old addresses later show a stranger's certificate; the application speaks TLS.

As `address-reused`, with a real certificate authority. The old connections are closed; a new one to an old address
meets a certificate for another name, which the application refuses. Who looks the name up to connect never sees it.
"""

from __future__ import annotations

from unstale.lab.scenario import MAY_FAIL, NOTHING, Least, expected
from unstale.lab.scenarios.address_reused import SCENARIO as IN_THE_CLEAR
from unstale.lab.unavoidable import OPAQUE
from unstale.lab.variant import variant
from unstale.lab.world import Tls

SCENARIO = variant(
    IN_THE_CLEAR,
    tls=Tls.PASSTHROUGH,
    expects=expected(
        none=MAY_FAIL,
        fresh_dns=NOTHING,
        short_lived=NOTHING,
        article=MAY_FAIL,
        mesh_max_age=MAY_FAIL,
        recommended=MAY_FAIL,
    ),
    least={
        "GET": Least(failed=0.0125, why=OPAQUE),
        "POST": Least(failed=0.0125, why=OPAQUE),
    },
)
