"""Java's `java.net.http` with its defaults: one `HttpClient` for all requests.

The JDK keeps DNS answers thirty seconds, whatever their time to live, and idle connections for minutes, without a
maximum age. It connects without a time-out of its own.
"""

from __future__ import annotations

from unstale.lab.apps_sources.external import JAVA, External
from unstale.lab.program import Program

_CLIENT = External(language=JAVA, variant="default")

APP = Program(send=_CLIENT.send, prepare=_CLIENT.prepare, needs=("java", "javac"))
