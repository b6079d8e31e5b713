"""The server runs requests but answers three of four with a 503 of its own, for four seconds.

The 503 looks like the sidecar's, and is not: it has another body and no reset behind it. Retrying it multiplies the
load of a server that is in trouble already, and runs every POST again.
"""

from __future__ import annotations

from unstale.lab.behaviour import Behaviour
from unstale.lab.faults.server_misbehaves import for_a_while
from unstale.lab.scenario import FAILS_SOME, SOME, Bounds, Least, Scenario, expected
from unstale.lab.unavoidable import OWN_ANSWER

ANSWERS_503 = Behaviour(runs=True, answers=503, share=0.75)

SCENARIO = Scenario(
    is_default=True,
    source="RFC 9110, 15.6.4: a server that is overloaded answers 503 itself",
    moments=lambda timing: for_a_while(timing, ANSWERS_503, "answers three in four with its own 503"),
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=FAILS_SOME,
        short_lived=FAILS_SOME,
        article=Bounds(failed=SOME, twice=SOME),
        mesh_max_age=FAILS_SOME,
        recommended=Bounds(failed=(0.001, 0.5)),
    ),
    least={
        "GET": Least(failed=0.385, why=OWN_ANSWER),
        "POST": Least(failed=0.385, why=OWN_ANSWER),
    },
)
