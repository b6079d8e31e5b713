"""The server runs the request, then cuts the connection before it answers: one request in ten, for four seconds.

From outside this looks like a stale connection, but the effect has happened. A retry makes it happen twice, which is
harmless for a GET and a second payment for a POST.
"""

from __future__ import annotations

from unstale.lab.behaviour import Behaviour
from unstale.lab.faults.server_misbehaves import for_a_while
from unstale.lab.scenario import FAILS_SOME, SOME, Bounds, Least, Scenario, expected
from unstale.lab.unavoidable import HAS_RUN, MAY_HAVE_RUN

CUTS = Behaviour(runs=True, answers=None, share=0.1)

FOUR_TIMES = (0.0, 0.005)
"""One request in ten thousand is cut at each of the article's four tries."""

SCENARIO = Scenario(
    is_default=True,
    source="RFC 9110, 9.2.2: a client cannot know whether a request without an answer was run",
    moments=lambda timing: for_a_while(timing, CUTS, "runs one request in ten, then cuts"),
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=FAILS_SOME,
        short_lived=FAILS_SOME,
        article=Bounds(failed=FOUR_TIMES, twice=SOME),
        mesh_max_age=FAILS_SOME,
        recommended=(Bounds(twice=SOME), FAILS_SOME),
    ),
    least={
        "GET": Least(twice=0.044, why=HAS_RUN),
        "POST": Least(failed=0.044, why=MAY_HAVE_RUN),
    },
)
