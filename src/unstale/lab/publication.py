"""Make a small recording of a cell: the sidecar's log, the application's log, and where they are from.

The log is whole and as Envoy wrote it. The cell must have been small, since nothing is left out.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from unstale.lab.ledger import Request
from unstale.lab.recording import make_folder, read_rows, write_json, write_text
from unstale.model.experiment import Cell

LARGEST_BYTES = 30 * 1024
"""A recording's file may be this large, so that all of them together stay small."""

FILES = ("access.log", "app.log", "recording.json")


def publish(cell: Cell, to: Path) -> tuple[Path, ...]:
    """Write the cell's recording into the folder `to`; the paths of its three files.

    Raises MachineError where the folder cannot be written.
    """
    source = Path(cell.log)
    order = json.loads((source / "order.json").read_text())
    start = json.loads((source / "start.json").read_text())
    make_folder(to)
    if (source / "access.log").exists():
        shutil.copyfile(source / "access.log", to / "access.log")
    else:
        write_text(to / "access.log", "")
    write_text(to / "app.log", "".join(_app_lines(source, order, start)))
    write_json(to / "recording.json", _provenance(cell, source, order, start))
    return tuple(to / name for name in FILES)


def _app_lines(source: Path, order: Mapping[str, Any], start: Mapping[str, float]) -> list[str]:
    requests = sorted(
        (Request(**row) for row in read_rows(source / "requests.jsonl")), key=lambda request: request.ended
    )
    shift_s = start["unix_s"] - start["monotonic_s"]
    return [_app_line(request, order, shift_s) for request in requests]


def _app_line(request: Request, order: Mapping[str, Any], shift_s: float) -> str:
    at = datetime.fromtimestamp(request.ended + shift_s, UTC)
    stamp = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
    level = "INFO" if request.is_ok else "ERROR"
    what = f"{order['method']} {order['target']['host']}:{order['target']['port']}/orders/{request.id}"
    result = f"{request.status or '-'} {request.body_bytes} bytes" + (f" ({request.error})" if request.error else "")
    return f"{stamp} {level} {what} {result} after {1000 * (request.ended - request.due):.0f} ms\n"


def _provenance(cell: Cell, source: Path, order: Mapping[str, Any], start: Mapping[str, float]) -> dict[str, object]:
    started = datetime.fromtimestamp(start["unix_s"], UTC)
    return {
        "scenario": cell.scenario,
        "policy": cell.policy,
        "method": cell.method,
        "host": order["target"]["host"],
        "port": order["target"]["port"],
        "app": order["program"],
        "workload": order["workload"],
        "pace": order["pace"],
        "world": order["world"],
        "versions": order["versions"],
        "command": order["command"],
        "started": started.isoformat(timespec="milliseconds"),
        "requests": cell.requests,
        "failed": cell.failed,
        "executed_twice": cell.executed_twice,
        "failures": dict(cell.failures),
        "events": [{"at_s": round(event.at_s, 3), "actor": event.actor, "what": event.what} for event in cell.events],
        "dns": _dns(source),
        "manifests": {item["name"]: item["text"] for item in order["sources"]},
    }


def _dns(source: Path) -> list[dict[str, object]]:
    """The authority's answers for addresses, one entry for each that differs from the one before."""
    rows = [row for row in read_rows(source / "dns.jsonl") if row["type"] == "A"]

    def answer(row: Mapping[str, Any]) -> tuple[Any, ...]:
        return (row["host"], row["rcode"], row["ttl_s"], tuple(sorted(row["addresses"])))

    rows.sort(key=lambda row: (row["host"], row["at_s"]))
    return [
        {
            "at_s": round(first["at_s"], 3),
            "host": host,
            "rcode": rcode,
            "ttl_s": ttl_s,
            "addresses": list(addresses),
        }
        for (host, rcode, ttl_s, addresses), group in groupby(rows, key=answer)
        if (first := next(group))
    ]
