"""An answered request that the sidecar's log lacks makes the evidence worthless, and the error says of which kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from unstale.lab.evidence import Counts, Evidence
from unstale.lab.ledger import Request
from unstale.lab.recording import write_rows
from unstale.model.errors import MachineError

LINE = (
    '[2026-11-25T22:18:05.144Z] "GET /orders/000001 HTTP/1.1" 200 - via_upstream - "-" 0 17 13 10 "-" "unstale-lab" '
    '"000001" "api.example.com" "203.0.113.11:80" PassthroughCluster 10.0.0.10:45084 203.0.113.11:80 10.0.0.10:44894 '
    "- allow_any\n"
)


def _read(folder: Path, *, ids: tuple[str, ...], counted: int) -> Evidence:
    times = {"due": 1.0, "sent": 1.0, "ended": 1.5, "late_s": 0.0}
    answered = [Request(id=each, **times, status=200, body_bytes=17, error="") for each in ids]
    write_rows(folder / "requests.jsonl", [request.to_json() for request in answered])
    write_rows(folder / "executions.jsonl", [])
    (folder / "access.log").write_text(LINE)
    return Evidence.read(folder, start=1.0, events=(), counts=Counts(envoy={"downstream_rq_total": counted}))


def test_a_whole_log_is_evidence(tmp_path: Path) -> None:
    assert _read(tmp_path, ids=("000001",), counted=1).logged == {"000001": (200,)}


def test_a_log_with_less_than_was_counted_lacks_space(tmp_path: Path) -> None:
    message = r"log: the sidecar's log is not whole \(1 answered requests missing, first 000002; it counted 2 and"
    with pytest.raises(MachineError, match=message):
        _read(tmp_path, ids=("000001", "000002"), counted=2)


def test_requests_that_the_sidecar_never_saw_passed_it_by(tmp_path: Path) -> None:
    message = r"log: requests passed the sidecar by \(1 answered requests missing, first 000002; it counted 1 and"
    with pytest.raises(MachineError, match=message):
        _read(tmp_path, ids=("000001", "000002"), counted=1)
