"""One request as Envoy logged it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_REASON = re.compile(r"\{(.*)\}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The fields of one access log line; `-` and absent are the empty string, numbers that are absent are 0.

    `flags` is a set, since their order differs between Envoy releases. `duration_ms` is the whole request's.
    """

    time: str
    method: str
    path: str
    status: int
    flags: frozenset[str]
    details: str
    transport_failure: str
    bytes_received: int
    bytes_sent: int
    duration_ms: int
    request_id: str
    authority: str
    upstream_host: str
    cluster: str
    route: str
    line: str

    @property
    def reason(self) -> str:
        """What happened in one word: the reset reason where there is one (`connection_termination`), else the details.

        The parts behind `|` are addresses and errno texts that differ from line to line, and are left out.
        """
        found = _REASON.search(self.details)
        return (found.group(1) if found else self.details).split("|")[0]

    @property
    def label(self) -> str:
        """Status, flags and reason, e.g. `503 UC connection_termination`."""
        parts = (str(self.status), ",".join(sorted(self.flags)), self.reason)
        return " ".join(part for part in parts if part)
