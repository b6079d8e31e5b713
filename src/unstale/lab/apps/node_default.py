"""Node's `http` and `https` with their defaults: the global agent, which keeps connections since Node 19.

It closes idle connections after five seconds, has no maximum age, asks DNS for each new connection, and repeats
nothing.
"""

from __future__ import annotations

from unstale.lab.apps_sources.external import NODE, External
from unstale.lab.program import Program

_CLIENT = External(language=NODE, variant="default")

APP = Program(send=_CLIENT.send, prepare=_CLIENT.prepare, needs=("node",))
