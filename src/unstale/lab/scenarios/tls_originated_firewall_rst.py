"""The firewall forgets addresses and answers with a reset, and the sidecar speaks TLS for the application.

As `firewall-rst`, with a real certificate authority: the application calls in the clear, a DestinationRule of mode
SIMPLE encrypts. So the sidecar sees requests and can repeat them, at the price of a handshake for each new connection.
"""

from __future__ import annotations

from unstale.lab.scenario import ANY, FAILS_SOME, MAY_FAIL, Bounds, Least, expected
from unstale.lab.scenarios.firewall_rst import SCENARIO as IN_THE_CLEAR
from unstale.lab.unavoidable import HAS_RUN, MAY_HAVE_RUN
from unstale.lab.variant import variant
from unstale.lab.world import Tls

CUT_ANSWERS = (0.0, 0.1)
"""As in the clear; with a handshake for each new connection more answers are under way when the lease ends."""

SCENARIO = variant(
    IN_THE_CLEAR,
    tls=Tls.ORIGINATED,
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=FAILS_SOME,
        short_lived=MAY_FAIL,
        article=Bounds(failed=ANY, twice=CUT_ANSWERS),
        mesh_max_age=FAILS_SOME,
        recommended=(Bounds(twice=CUT_ANSWERS), Bounds(failed=(0.0, 0.2))),
    ),
    least={
        "GET": Least(twice=0.0275, why=HAS_RUN),
        "POST": Least(failed=0.03, why=MAY_HAVE_RUN),
    },
)
