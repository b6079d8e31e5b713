"""The server runs requests but answers three of four with a 503 of its own, for four seconds.

The 503 looks like the sidecar's, and is not: it has another body and no reset behind it. Retrying it multiplies the
load of a server that is in trouble already, and runs every POST again.
"""

from __future__ import annotations

from unstale.lab.behaviour import Behaviour
from unstale.lab.faults.server_misbehaves import for_a_while
from unstale.lab.scenario import SOME, Bounds, Scenario

ANSWERS_503 = Behaviour(runs=True, answers=503, share=0.75)

SCENARIO = Scenario(
    moments=lambda timing: for_a_while(timing, ANSWERS_503, "answers three in four with its own 503"),
    expects={
        ("none", "GET"): Bounds(failed=SOME),
        ("none", "POST"): Bounds(failed=SOME),
        ("article", "GET"): Bounds(failed=SOME, twice=SOME),
        ("article", "POST"): Bounds(failed=SOME, twice=SOME),
        ("recommended", "GET"): Bounds(failed=(0.001, 0.5)),
        ("recommended", "POST"): Bounds(failed=(0.001, 0.5)),
    },
)
