"""What a cell says beyond its counts, as JSON and back: bound, since when, retries, memory, histogram, repeats.

Every key may be missing, as in files that an older release wrote.
"""

from __future__ import annotations

import math
from typing import Any

from unstale.model.experiment import Bound, Cell, Run
from unstale.report.json_place import Place


def to_json(cell: Cell) -> dict[str, Any]:
    """The keys and values; the histogram's last limit, which is infinite, is null."""
    return {
        "since_s": _rounded(cell.since_s, 3),
        "until_s": _rounded(cell.until_s, 3),
        "retries": cell.retries,
        "amplification": round(cell.amplification, 4),
        "memory_bytes": cell.memory_bytes,
        "bound": None if cell.bound is None else _bound(cell.bound),
        "expectation": cell.expectation,
        "disagreements": list(cell.disagreements),
        "histogram": [
            {"below_ms": None if math.isinf(limit_ms) else limit_ms, "requests": count}
            for limit_ms, count in cell.histogram
        ],
        "conditions": list(cell.conditions),
        "runs": [_run(run) for run in cell.runs],
    }


def from_json(place: Place) -> dict[str, Any]:
    """The fields of a Cell that the place has. Raises InputError with the path of what is wrong."""
    found: dict[str, Any] = {}
    for name in ("since_s", "until_s"):
        if place.has(name):
            found[name] = place.at(name).number_or_none()
    for name in ("retries", "memory_bytes"):
        if place.has(name):
            found[name] = place.at(name).count()
    if place.has("amplification"):
        found["amplification"] = place.at("amplification").number()
    if place.has("expectation"):
        found["expectation"] = place.at("expectation").text()
    for name in ("disagreements", "conditions"):
        if place.has(name):
            found[name] = tuple(item.text() for item in place.at(name).items())
    if place.has("bound") and place.at("bound").value is not None:
        found["bound"] = _read_bound(place.at("bound"))
    if place.has("histogram"):
        found["histogram"] = tuple(_read_column(item) for item in place.at("histogram").items())
    if place.has("runs"):
        found["runs"] = tuple(_read_run(item) for item in place.at("runs").items())
    return found


def _bound(bound: Bound) -> dict[str, Any]:
    return {"failed": bound.failed, "executed_twice": bound.executed_twice, "why": bound.why}


def _run(run: Run) -> dict[str, Any]:
    return {
        "failed": run.failed,
        "executed_twice": run.executed_twice,
        "p50_ms": _rounded(run.p50_ms, 1),
        "p99_ms": _rounded(run.p99_ms, 1),
        "expectation": run.expectation,
    }


def _read_bound(place: Place) -> Bound:
    return Bound(
        failed=place.at("failed").count(),
        executed_twice=place.at("executed_twice").count(),
        why=place.at("why").text(),
    )


def _read_column(place: Place) -> tuple[float, int]:
    limit_ms = place.at("below_ms").number_or_none()
    return (math.inf if limit_ms is None else limit_ms, place.at("requests").count())


def _read_run(place: Place) -> Run:
    return Run(
        failed=place.at("failed").count(),
        executed_twice=place.at("executed_twice").count(),
        p50_ms=place.at("p50_ms").number_or_none(),
        p99_ms=place.at("p99_ms").number_or_none(),
        expectation=place.at("expectation").text(),
    )


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
