"""Istio's default text format, since 1.9.

Envoy does not escape quotes, and path, user agent, request id and authority are the client's: a line is taken only if
every piece between its quotes has the shape that Envoy gives it. This is by far the most frequent format, so lines of
the plain shape are read by splitting; a line with more quotes than that goes to the two readings of `template`.
"""

from __future__ import annotations

import re

from unstale.accesslog.operators import FLAGS
from unstale.accesslog.row import Row
from unstale.accesslog.template import text_format

FORMAT = text_format(
    "Istio text",
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% '
    "%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "
    '"%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% '
    '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" '
    '"%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% '
    "%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%",
)

QUOTES = 14
_ABSENT = frozenset({"grpc_status", "policy_status"})
_TIME = re.compile(r"(.*)\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\] \Z", re.DOTALL | re.ASCII)
_RESPONSE = re.compile(rf" (\d{{1,3}}) ({FLAGS}) ([^ ]+) ([^ ]+) \Z", re.ASCII)
_COUNTS = re.compile(r" (\d{1,18}) (\d{1,18}) (\d{1,18}) (\d{1,18}|-) \Z", re.ASCII)
_TAIL = re.compile(r" ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+)\Z", re.ASCII)


def parse(line: str) -> Row | None:
    """The row that a line of the plain shape stands for, without its line break; None for every other line."""
    pieces = line.removesuffix("\r").split('"')
    if len(pieces) != QUOTES + 1 or any(pieces[at] != " " for at in (6, 8, 10, 12)):
        return None
    time, response = _TIME.match(pieces[0]), _RESPONSE.match(pieces[2])
    counts, tail = _COUNTS.match(pieces[4]), _TAIL.match(pieces[14])
    if not (time and response and counts and tail):
        return None
    method, _, rest = pieces[1].partition(" ")
    path, _, protocol = rest.rpartition(" ")
    received, sent, duration, service = counts.groups()
    cluster, local, downstream_local, downstream_remote, sni, route = map(_text, tail.groups())
    return Row(
        time=time.group(2),
        method=_text(method),
        path=_text(path),
        status=int(response.group(1)),
        flags=frozenset(flag for flag in response.group(2).split(",") if flag not in ("-", "")),
        details=_text(response.group(3)),
        transport_failure=_text(pieces[3]),
        bytes_received=int(received),
        bytes_sent=int(sent),
        duration_ms=int(duration),
        request_id=_text(pieces[9]),
        authority=_text(pieces[11]),
        upstream_host=_text(pieces[13]),
        cluster=cluster,
        route=route,
        line=line,
        protocol=_text(protocol),
        connection_termination=_text(response.group(4)),
        upstream_service_time_ms=None if service == "-" else int(service),
        x_forwarded_for=_text(pieces[5]),
        user_agent=_text(pieces[7]),
        upstream_local_address=local,
        downstream_local_address=downstream_local,
        downstream_remote_address=downstream_remote,
        requested_server_name=sni,
        sender=time.group(1).strip(),
        format=FORMAT.name,
        absent=_ABSENT,
    )


def _text(field: str) -> str:
    return "" if field == "-" else field
