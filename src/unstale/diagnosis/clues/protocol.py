"""Do both sides speak the same: plain text to a TLS port, TLS to a plain one, HTTP/2 to who speaks HTTP/1?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from unstale.accesslog.row import Row
from unstale.diagnosis.address import port_of
from unstale.diagnosis.case import Case, most
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.clues.path import is_passthrough
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.words import listed

_TLS_PORTS = frozenset({443, 6443, 8443, 9443, 10443, 4443, 5443, 5671, 636, 993, 995, 8883, 9093, 8243})
_PLAIN_PORTS = frozenset({80, 8080, 8000, 8081, 8888, 3000, 5000, 9080, 81, 8090})
_NOT_HTTP = re.compile(
    r"HPE_INVALID_(?:CONSTANT|VERSION)|http2: frame too large|malformed HTTP (?:response|version|status)"
    r"|invalid_http_version|INVALID_VERSION",
    re.I,
)
_BROKEN = re.compile(r"http1\.|INVALID_(?:TRANSFER|CONTENT|HEADER|CHUNK)|chunk|content.?length", re.I)
_LARGE_BYTES = 1 << 20
_WORK_MS = 20


def _see(case: Case) -> Iterator[Sighting]:
    rows = case.rows
    if not rows:
        return
    ports = [port for row in rows if (port := port_of(row.upstream_host)) is not None]
    if case.symptom in (Symptom.TERMINATION, Symptom.REMOTE_RESET, Symptom.PROTOCOL_ERROR) and ports:
        yield from _plain(rows, ports)
    if case.symptom is Symptom.TLS and most(port in _PLAIN_PORTS for port in ports):
        words = f"TLS is spoken to port {listed(sorted({str(port) for port in ports}))}, where plain text is usual"
        yield Sighting(clue=Clue.TLS_TO_PLAIN_PORT, words=words)
    if most(row.protocol.startswith("HTTP/2") or _is_grpc(row) for row in rows):
        yield Sighting(clue=Clue.HTTP2, words="the requests are HTTP/2 or gRPC")
    if case.is_opaque and case.symptom in (Symptom.REMOTE_RESET, Symptom.TERMINATION):
        words = (
            "bare TCP or TLS: the connection was reset; a server that just closes leaves no flag, and no retry applies"
        )
        yield Sighting(clue=Clue.OPAQUE_RESET, words=words)
    texts = " ".join({f"{row.details} {row.transport_failure} {row.connection_termination}" for row in rows})
    if _NOT_HTTP.search(texts):
        yield Sighting(
            clue=Clue.NOT_HTTP_AT_ALL, words=f"what came back is not the expected protocol ({_first(_NOT_HTTP, texts)})"
        )
    if case.symptom is Symptom.PROTOCOL_ERROR and _BROKEN.search(texts):
        words = f"the answer was HTTP, but broken ({_first(_BROKEN, texts)})"
        yield Sighting(clue=Clue.BROKEN_ANSWER, words=words)
    if case.symptom is Symptom.PROTOCOL_ERROR and _worked_first(case):
        words = "within the pod a wrong protocol shows at once; here the application worked on the request first"
        yield Sighting(clue=Clue.WORKED_FIRST, words=words)
    if most(row.bytes_received >= _LARGE_BYTES for row in rows):
        yield Sighting(clue=Clue.UPLOAD, words="the failing requests carry large bodies (1 MiB and more)")


def _plain(rows: tuple[Row, ...], ports: list[int]) -> Iterator[Sighting]:
    is_http = most(bool(row.method) for row in rows)
    if not is_http or not most(port in _TLS_PORTS for port in ports):
        return
    port = sorted({str(port) for port in ports})
    if most(is_passthrough(row) for row in rows):
        words = f"the proxy sees the HTTP in it, so plain text goes to port {listed(port)}, where TLS is spoken"
        yield Sighting(clue=Clue.PLAIN_TO_TLS_PORT, words=words)
    else:
        yield Sighting(clue=Clue.HTTP_TO_TLS_PORT, words=f"HTTP goes to port {listed(port)}, where TLS is usual")


def _worked_first(case: Case) -> bool:
    """Between a proxy and its own application there is no distance, so only work takes time."""
    is_inbound = most(row.cluster.startswith("inbound") for row in case.rows)
    return is_inbound and (case.typical_ms or 0.0) >= _WORK_MS


def _is_grpc(row: Row) -> bool:
    return bool(row.grpc_status) or "grpc" in row.user_agent.lower()


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found.group(0) if found else ""


SEE = _see
