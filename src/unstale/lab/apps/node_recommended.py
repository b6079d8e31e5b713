"""Node's `http` and `https` with the settings of docs/other-languages.md: a new agent whenever DNS answers differently.

Idle connections end after four seconds, connecting after two, and what may be repeated is sent once more when DNS has
had the chance to change.
"""

from __future__ import annotations

from unstale.lab.apps_sources.external import NODE, External
from unstale.lab.program import Program

_CLIENT = External(language=NODE, variant="recommended")

APP = Program(send=_CLIENT.send, prepare=_CLIENT.prepare, needs=("node",))
