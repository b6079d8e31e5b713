"""Why some failures cannot be avoided by any policy at the sidecar, in the words that reports print."""

from __future__ import annotations

MAY_HAVE_RUN = "what was sent on a connection that was then cut may have been run, so it must not be sent again"
MAY_BE_RUNNING = "a request that waits for an answer may be running, so it can neither be repeated nor given up"
HAS_RUN = "a request whose answer was cut has been run, and asking again runs it again"
OWN_ANSWER = "the server itself answers so, after it has run the request: asking again runs it again"
OPAQUE = "the sidecar sees only bytes, so what breaks inside TLS breaks for the application"
