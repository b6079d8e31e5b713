"""The server runs the request, then cuts the connection before it answers: one request in ten, for four seconds.

From outside this looks like a stale connection, but the effect has happened. A retry makes it happen twice, which is
harmless for a GET and a second payment for a POST.
"""

from __future__ import annotations

from unstale.lab.behaviour import Behaviour
from unstale.lab.faults.server_misbehaves import for_a_while
from unstale.lab.scenario import SOME, Bounds, Scenario

CUTS = Behaviour(runs=True, answers=None, share=0.1)

FOUR_TIMES = (0.0, 0.005)
"""One request in ten thousand is cut at each of the article's four tries."""

SCENARIO = Scenario(
    moments=lambda timing: for_a_while(timing, CUTS, "runs one request in ten, then cuts"),
    expects={
        ("none", "GET"): Bounds(failed=SOME),
        ("none", "POST"): Bounds(failed=SOME),
        ("article", "GET"): Bounds(failed=FOUR_TIMES, twice=SOME),
        ("article", "POST"): Bounds(failed=FOUR_TIMES, twice=SOME),
        ("recommended", "GET"): Bounds(twice=SOME),
        ("recommended", "POST"): Bounds(failed=SOME),
    },
)
