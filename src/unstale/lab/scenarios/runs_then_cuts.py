"""The server runs the request, then cuts the connection before it answers: one request in ten, for four seconds.

From outside this looks like a stale connection, but the effect has happened. A retry makes it happen twice, which is
harmless for a GET and a second payment for a POST.
"""

from __future__ import annotations

from unstale.lab.behaviour import Behaviour
from unstale.lab.faults.server_misbehaves import for_a_while
from unstale.lab.scenario import SOME, Bounds, Scenario

CUTS = Behaviour(runs=True, answers=None, share=0.1)

SCENARIO = Scenario(
    moments=lambda timing: for_a_while(timing, CUTS, "runs one request in ten, then cuts"),
    expects={
        ("none", "GET"): Bounds(failed=SOME),
        ("none", "POST"): Bounds(failed=SOME),
        ("article", "GET"): Bounds(twice=SOME),
        ("article", "POST"): Bounds(twice=SOME),
        ("recommended", "GET"): Bounds(twice=SOME),
        ("recommended", "POST"): Bounds(failed=SOME),
    },
)
