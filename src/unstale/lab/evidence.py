"""What a cell left behind, read back from its recording: both ledgers, the sidecar's log, the events.

The same files are what a later diagnosis reads, so nothing is judged from memory that is not in the recording.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unstale.accesslog.formats.istio_text import parse
from unstale.accesslog.row import Row
from unstale.lab.ledger import Execution, Request
from unstale.lab.recording import read_rows
from unstale.model.errors import MachineError
from unstale.model.experiment import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """`rows` maps a request id to its access log rows (more than one only if the application sent it again).

    `start` is the CLOCK_MONOTONIC time of the first request; `counters` are Envoy's, summed over its clusters.
    """

    folder: Path
    start: float
    requests: tuple[Request, ...]
    executions: tuple[Execution, ...]
    rows: Mapping[str, Row]
    events: tuple[Event, ...]
    counters: Mapping[str, int]

    @classmethod
    def read(cls, folder: Path, *, start: float, events: tuple[Event, ...], counters: Mapping[str, int]) -> Evidence:
        """The evidence in a recording's folder.

        Raises MachineError where the sidecar's log lacks answered requests: a full disk, most likely.
        """
        requests = tuple(_request(row) for row in read_rows(folder / "requests.jsonl"))
        rows = _rows(folder / "access.log")
        unlogged = [request.id for request in requests if request.status and request.id not in rows]
        if unlogged:
            raise MachineError(
                f"{folder / 'access.log'}: the sidecar's log is not whole ({len(unlogged)} answered requests missing). "
                "Free some space or choose another folder with --recordings DIR."
            )
        executions = tuple(_execution(row) for row in read_rows(folder / "executions.jsonl"))
        return cls(
            folder=folder,
            start=start,
            requests=requests,
            executions=executions,
            rows=rows,
            events=events,
            counters=counters,
        )


def _rows(path: Path) -> dict[str, Row]:
    if not path.exists():
        return {}
    parsed = (parse(line) for line in path.read_text(errors="replace").splitlines())
    return {row.request_id: row for row in parsed if row is not None}


def _request(row: Mapping[str, Any]) -> Request:
    return Request(**row)


def _execution(row: Mapping[str, Any]) -> Execution:
    return Execution(**row)
