"""Nobody listens on the port at any of the addresses, from the first request on: every connection is refused.

A wrong `targetPort`, a server that binds to localhost only, a gateway without a listener for the port. Nothing was well
before and nothing changes, so neither DNS nor retries nor another age of connections helps: it has to be told apart
from what is stale, or people turn the wrong screws.
"""

from __future__ import annotations

from dataclasses import replace

from unstale.lab.scenario import FAILS_MANY, Least, Scenario, expected

_ALL = Least(failed=1.0, why="there is nobody who could answer")

SCENARIO = Scenario(
    world=lambda world, _: replace(world, closed=world.addresses),
    source="RFC 9293, 3.10.7.1: a SYN to a port on which nobody listens is answered with a reset",
    expects=expected(
        none=FAILS_MANY,
        fresh_dns=FAILS_MANY,
        short_lived=FAILS_MANY,
        article=FAILS_MANY,
        mesh_max_age=FAILS_MANY,
        recommended=FAILS_MANY,
    ),
    least={"GET": _ALL, "POST": _ALL},
)
