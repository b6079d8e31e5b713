"""The load balancer moves and leaves time, and the application speaks TLS itself.

As `rotation-slow`, with a real certificate authority. To the sidecar the connection is opaque: it can send new ones to
the right address, but neither repeat a request in it nor move it, and what breaks inside breaks for the application.
"""

from __future__ import annotations

from unstale.lab.scenario import FAILS_SOME, NOTHING, Least, expected
from unstale.lab.scenarios.rotation_slow import SCENARIO as IN_THE_CLEAR
from unstale.lab.unavoidable import OPAQUE
from unstale.lab.variant import variant
from unstale.lab.world import Tls

SCENARIO = variant(
    IN_THE_CLEAR,
    tls=Tls.PASSTHROUGH,
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=NOTHING,
        short_lived=NOTHING,
        article=FAILS_SOME,
        mesh_max_age=FAILS_SOME,
        recommended=FAILS_SOME,
    ),
    least={
        "GET": Least(failed=0.01, why=OPAQUE),
        "POST": Least(failed=0.01, why=OPAQUE),
    },
)
