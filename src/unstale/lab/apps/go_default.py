"""Go's `net/http` with its defaults: one `http.Client` for all requests.

It keeps idle connections ninety seconds, without a maximum age, and asks DNS for each new one. It repeats by itself an
idempotent request whose reused connection was closed before the answer.
"""

from __future__ import annotations

from unstale.lab.apps_sources.external import GO, External
from unstale.lab.program import Program

APP = Program(send=External(language=GO, variant="default").send, prepare=GO.prepare, needs=("go",))
