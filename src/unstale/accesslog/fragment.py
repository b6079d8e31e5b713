"""What can be read of a row of which a part is missing: its time, its end, fields elided by dots.

A row's fields stand in one order in all text formats, so it is read from the left as far as it goes; what is missing is
named in `absent`. Behind an elision only texts that can be but one thing are taken: a cluster, an address in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from unstale.accesslog.reading import row_of
from unstale.accesslog.row import Row

_FLAG = r"(?:UH|UT|LR|UR|UF|UC|UO|NR|DI|FI|RL|UAEX|RLSE|DC|DR|URX|SI|IH|DPE|UMSDR|RFCF|NFCF|DT|UPE|NC|OM|DF|DO|LH)"
_DETAILS = (
    r"(?:via_upstream|direct_response|no_healthy_upstream|(?:upstream_)?response_timeout|upstream_per_try_timeout"
    r"|cluster_not_found|route_not_found|filter_chain_not_found|stream_idle_timeout|overflow|duration_timeout"
    r"|[a-z][a-z0-9_]*(?:\.[a-z0-9_.]+)?\{[^}\"]*\}?|downstream_\w+|upstream_\w+|http[12]\.\w+)"
)
_QUOTED_BODY = "upstream connect error"
"""An application's line that quotes Envoy's answer is no row, although it names details of one."""

_TIME = re.compile(r"\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)\]?")
_REQUEST = re.compile(r"\"?(?P<method>[A-Z]{3,8}|-) (?P<path>\S+|-) (?P<protocol>HTTP/[\d.]+|-)\"")
_CORE = re.compile(
    rf"(?:\A|(?<=[\s\"]))(?P<status>\d{{3}}|0)\s+(?P<flags>-|{_FLAG}(?:,{_FLAG})*)(?=\s|\Z)"
    rf"(?:\s+(?P<details>{_DETAILS}|-(?=\s+-\s)))?"
)
_BARE = re.compile(r"(?:\A|(?<=[\s\"]))(?:(?P<status>[1-5]\d\d)\s+)?(?P<details>[a-z_]+\{[^}\"]*\}|via_upstream)")
_TLS = re.compile(r"(?P<reason>(?:TLS[ _]error|delayed[ _]connect[ _]error):[^\"]*)")
_COUNTS = re.compile(
    r"\s*(?P<br>\d+) (?P<bs>\d+) (?P<dur>\d+) (?P<ust>\d+|-)(?=\s|\Z)|\s*(?P<only>\d+ \d+ \d+)(?=\s|\Z)"
)
_QUOTED = re.compile(r"\s*\"([^\"]*)\"")
_CLUSTER = re.compile(
    r"(?:outbound|inbound|inbound-vip)\|[^\s\"]*|PassthroughCluster|BlackHoleCluster|InboundPassthroughCluster\w*"
)
_ADDRESS = re.compile(r"\"((?:\d{1,3}\.){3}\d{1,3}:\d{1,5}|\[[0-9a-f:]+\]:\d{1,5}|envoy://[^\s\"]*)\"?")
_NAME = re.compile(r"\"((?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*(?::\d+)?)\"")
_SNI = re.compile(r"(?<=\s)([a-z0-9-]+(?:\.[a-z0-9-]+)+)\s+\S+\Z")
_QUOTED_ROLES = ("x_forwarded_for", "user_agent", "request_id", "authority", "upstream_host")
_TAIL_ROLES = (
    "cluster",
    "upstream_local_address",
    "downstream_local_address",
    "downstream_remote_address",
    "requested_server_name",
    "route",
)


def fragment_row(text: str) -> Row | None:
    """The row of a fragment of any text format, None where no status with flags, details or reason is in it."""
    core = _CORE.search(text)
    if core is None and _QUOTED_BODY in text:
        return None
    fields = _bare(text) if core is None else _core(core, text)
    if not fields:
        return None
    time, request = _TIME.search(text), _REQUEST.search(text)
    if time is not None:
        fields["time"] = time.group(1)
    if request is not None:
        fields |= request.groupdict()
    return row_of(fields, line=text, name="access log fragment")


def _bare(text: str) -> dict[str, str]:
    details, reason = _BARE.search(text), _TLS.search(text)
    fields = {key: value for key, value in details.groupdict().items() if value} if details is not None else {}
    if reason is not None and not fields:
        fields["transport_failure"] = reason.group("reason").strip()
    return fields


def _core(core: re.Match[str], text: str) -> dict[str, str]:
    fields = {key: value for key, value in core.groupdict().items() if value}
    at = core.end()
    termination = re.compile(r"\s+(-|[a-z_]+)(?=\s+\")").match(text, at) if "details" in fields else None
    if termination is not None:
        fields["connection_termination"] = termination.group(1)
        at = termination.end()
    quoted, at = _run(text, at)
    if quoted:
        fields["transport_failure"] = quoted[-1]
    counts = _COUNTS.match(text, at)
    if counts is not None:
        fields |= _counts(counts)
        at = counts.end()
        fields |= dict(_rest(text, at))
    for role, value in _beyond_dots(text):
        fields.setdefault(role, value)
    return fields


def _counts(found: re.Match[str]) -> dict[str, str]:
    if found.group("only"):
        received, sent, duration = found.group("only").split()
        return {"bytes_received": received, "bytes_sent": sent, "duration_ms": duration}
    received, sent, duration, service = found.group("br", "bs", "dur", "ust")
    return {
        "bytes_received": received,
        "bytes_sent": sent,
        "duration_ms": duration,
        "upstream_service_time_ms": service,
    }


def _run(text: str, at: int) -> tuple[list[str], int]:
    """The quoted fields that follow each other from `at`, and where they end."""
    found = []
    while (quoted := _QUOTED.match(text, at)) is not None:
        found.append(quoted.group(1))
        at = quoted.end()
    return found, at


def _rest(text: str, at: int) -> Iterator[tuple[str, str]]:
    quoted, end = _run(text, at)
    if len(quoted) == 1 and "..." not in text and _ADDRESS.match(f'"{quoted[0]}"'):
        yield "upstream_host", quoted[0]
    elif len(quoted) == 4 and text[at:].lstrip().startswith("- "):
        yield from zip(_QUOTED_ROLES[1:], quoted, strict=False)
    else:
        yield from zip(_QUOTED_ROLES, quoted, strict=False)
    if len(quoted) < len(_QUOTED_ROLES):
        return
    for role, token in zip(_TAIL_ROLES, text[end:].split(), strict=False):
        if token == "...":
            break
        yield role, token


def _beyond_dots(text: str) -> Iterator[tuple[str, str]]:
    cluster, address, name, sni = (each.search(text) for each in (_CLUSTER, _ADDRESS, _NAME, _SNI))
    if cluster is not None:
        yield "cluster", cluster.group(0)
    if address is not None:
        yield "upstream_host", address.group(1)
    if name is not None:
        yield "authority", name.group(1)
    if sni is not None and "..." in text:
        yield "requested_server_name", sni.group(1)
