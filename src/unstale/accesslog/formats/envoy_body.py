"""The text that Envoy itself answers with, quoted in any application's log line.

The words are those of source/common/http/utility.cc and of the router: the reset reason tells what happened to the
upstream connection, and `Server: envoy` with the length of this text shows that no application wrote it.
"""

from __future__ import annotations

from unstale.accesslog.application import ApplicationFormat, symptoms

_REASONS = (
    "local connection failure|remote connection failure|connection failure|connection timeout|connection termination"
    "|local reset|local refused stream reset|overflow|remote reset|remote refused stream reset"
    "|remote error with CONNECT request|protocol error|overload manager reset"
)

FORMAT = ApplicationFormat(
    name="application log with Envoy's answer",
    language="",
    kind="envoy-body",
    hints=(
        "upstream connect error",
        "no healthy upstream",
        "upstream request timeout",
        "stream timeout",
    ),
    symptoms=symptoms(
        (
            r"upstream connect error or disconnect/reset before headers\.?"
            rf"(?:\s*(?P<retried>retried and the latest )?reset reason: (?P<reason>{_REASONS})"
            r"(?:,? transport failure reason: (?P<transport>.*?)(?=, headers?:|\\?\"|$))?)?",
            "",
        ),
        (r"\bno healthy upstream\b", "no_healthy_upstream"),
        (r"\bupstream request timeout\b", "response_timeout"),
        (r"\bstream timeout\b", "stream_idle_timeout"),
    ),
)
