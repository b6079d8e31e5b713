"""Java's `java.net.http` with the settings of docs/other-languages.md: a new client whenever DNS answers differently.

The JDK keeps DNS answers a second and idle connections four, connecting is bounded by two, and what may be repeated is
sent once more when DNS has had the chance to change.
"""

from __future__ import annotations

from unstale.lab.apps_sources.external import JAVA, External
from unstale.lab.program import Program

_CLIENT = External(language=JAVA, variant="recommended")

APP = Program(send=_CLIENT.send, prepare=_CLIENT.prepare, needs=("java", "javac"))
