"""Go's `net/http` with the settings of docs/other-languages.md: a new transport whenever DNS answers differently.

Idle connections end after four seconds, connecting after two, dead peers are noticed by TCP_USER_TIMEOUT, and what may
be repeated is sent once more when DNS has had the chance to change.
"""

from __future__ import annotations

from unstale.lab.apps_sources.external import GO, External
from unstale.lab.program import Program

_CLIENT = External(language=GO, variant="recommended")

APP = Program(send=_CLIENT.send, prepare=_CLIENT.prepare, needs=("go",))
