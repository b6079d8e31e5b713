"""What a cell left behind, read back from its recording: both ledgers, the sidecar's log, the events.

The same files are what a later diagnosis reads, so nothing is judged from memory that is not in the recording. Of the
log only the rows of requests that failed are kept: the rest of an hour would not fit.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from unstale.accesslog.formats.istio_text import parse
from unstale.accesslog.row import Row
from unstale.lab.ledger import Request
from unstale.lab.recording import read_rows
from unstale.model.errors import MachineError
from unstale.model.experiment import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was counted elsewhere: Envoy's counters by their last name, and what arrived at the nodes.

    `memory_bytes` is the most that Envoy had allocated.
    """

    envoy: Mapping[str, int] = field(default_factory=dict)
    attempts: int = 0
    accepted: int = 0
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """`rows` maps the id of a request that failed to its access log row, `logged` every id to the statuses logged.

    `start` is the CLOCK_MONOTONIC time of the first request; `runs` counts the executions of each id, `answered` the
    statuses that the nodes sent. `lines` are the log's lines of HTTP requests. `is_opaque` says that the sidecar
    carried bytes that it could not read: its log knows connections and no requests. Without `has_ids` the ledger's
    ids are its own and mean nothing elsewhere.
    """

    folder: Path
    start: float
    requests: tuple[Request, ...]
    runs: Mapping[str, int]
    rows: Mapping[str, Row]
    events: tuple[Event, ...]
    answered: Mapping[int | None, int] = field(default_factory=dict)
    logged: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    lines: int = 0
    counts: Counts = field(default_factory=Counts)
    is_opaque: bool = False
    has_ids: bool = True

    @classmethod
    def read(
        cls,
        folder: Path,
        *,
        start: float,
        events: tuple[Event, ...],
        counts: Counts,
        is_opaque: bool = False,
        has_ids: bool = True,
    ) -> Evidence:
        """The evidence in a recording's folder.

        Raises MachineError where the sidecar's log lacks answered requests: a full disk, most likely.
        """
        requests = tuple(sorted(_requests(folder), key=lambda request: (request.due, request.id)))
        runs: Counter[str] = Counter()
        answered: Counter[int | None] = Counter()
        for execution in read_rows(folder / "executions.jsonl"):
            runs[str(execution["id"])] += 1
            status = execution["answered"]
            answered[status if isinstance(status, int) else None] += 1
        wanted = {request.id for request in requests if not request.is_ok and has_ids}
        rows, logged = _rows(folder / "access.log", wanted)
        if not is_opaque and has_ids:
            _refuse_gaps(folder, requests, logged, counts)
        return cls(
            folder=folder,
            start=start,
            requests=requests,
            runs=runs,
            answered=answered,
            rows=rows,
            logged=logged,
            lines=sum(map(len, logged.values())),
            events=events,
            counts=counts,
            is_opaque=is_opaque,
            has_ids=has_ids,
        )


def _requests(folder: Path) -> Iterator[Request]:
    with (folder / "requests.jsonl").open(encoding="utf-8") as rows:
        for line in rows:
            yield Request(**json.loads(line))


def _rows(path: Path, wanted: set[str]) -> tuple[dict[str, Row], dict[str, tuple[int, ...]]]:
    kept: dict[str, Row] = {}
    logged: dict[str, tuple[int, ...]] = {}
    if not path.exists():
        return kept, logged
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            row = parse(line.rstrip("\n"))
            if row is None or not row.request_id:
                continue
            logged[row.request_id] = (*logged.get(row.request_id, ()), row.status)
            if row.request_id in wanted:
                kept[row.request_id] = row
    return kept, logged


def _refuse_gaps(
    folder: Path, requests: tuple[Request, ...], logged: Mapping[str, tuple[int, ...]], counts: Counts
) -> None:
    unlogged = [request.id for request in requests if request.status and request.id not in logged]
    if not unlogged:
        return
    missing = f"{len(unlogged)} answered requests missing, first {unlogged[0]}"
    lines, counted = sum(map(len, logged.values())), counts.envoy.get("downstream_rq_total", 0)
    if lines >= counted:
        raise MachineError(
            f"{folder / 'access.log'}: requests passed the sidecar by ({missing}; it counted {counted} and logged "
            f"{lines}). Nothing else may change this machine's packet filter while the lab runs."
        )
    raise MachineError(
        f"{folder / 'access.log'}: the sidecar's log is not whole ({missing}; it counted {counted} and logged "
        f"{lines}). Free some space or choose another folder with --recordings DIR."
    )
