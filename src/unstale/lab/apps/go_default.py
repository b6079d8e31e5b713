"""Go's `net/http` with its defaults: one `http.Client` for all requests.

It keeps idle connections ninety seconds, without a maximum age, and asks DNS for each new one. It repeats by itself an
idempotent request whose reused connection was closed before the answer.
"""

from __future__ import annotations

from unstale.lab.apps_sources.external import GO, External
from unstale.lab.program import Program

_CLIENT = External(language=GO, variant="default")

APP = Program(send=_CLIENT.send, prepare=_CLIENT.prepare, needs=("go",))
