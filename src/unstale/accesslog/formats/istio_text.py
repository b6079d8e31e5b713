"""Istio's default text format, since 1.9.

Envoy does not escape quotes, and path, user agent, request id and authority are the client's: a line is taken only if
every piece between its quotes has the shape that Envoy gives it, and one with more quotes than that is refused.
"""

from __future__ import annotations

import re

from unstale.accesslog.row import Row

_TIME = re.compile(r"\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\] \Z")
_RESPONSE = re.compile(r" (\d{1,3}) (\S+) (\S+) (\S+) \Z")
_COUNTS = re.compile(r" (\d+) (\d+) (\d+) (\d+|-) \Z")
_PIECES = 15


def parse(line: str) -> Row | None:
    """The row that a line without its newline stands for, or None where it is not of this format."""
    pieces = line.split('"')
    if len(pieces) != _PIECES or any(pieces[at] != " " for at in (6, 8, 10, 12)):
        return None
    time, response, counts = _TIME.match(pieces[0]), _RESPONSE.match(pieces[2]), _COUNTS.match(pieces[4])
    tail, request = pieces[14].split(" "), pieces[1].split(" ")
    if not (time and response and counts) or len(tail) != 7 or len(request) < 3:
        return None
    status, flags, details, _ = response.groups()
    received, sent, duration, _ = counts.groups()
    return Row(
        time=time.group(1),
        method=_text(request[0]),
        path=" ".join(request[1:-1]),
        status=int(status),
        flags=frozenset(flag for flag in flags.split(",") if flag != "-"),
        details=_text(details),
        transport_failure=_text(pieces[3]),
        bytes_received=int(received),
        bytes_sent=int(sent),
        duration_ms=int(duration),
        request_id=_text(pieces[9]),
        authority=_text(pieces[11]),
        upstream_host=_text(pieces[13]),
        cluster=_text(tail[1]),
        route=_text(tail[6]),
        line=line,
    )


def _text(field: str) -> str:
    return "" if field == "-" else field


FORMAT = parse
