"""What a candidate came to over all cells, and which candidates no other one beats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from unstale.lab.tune.candidate import Candidate
from unstale.model.experiment import Cell
from unstale.model.proof import ONCE_ONLY
from unstale.model.search import Point

P99_STEP_MS = 250.0
"""Latencies of a cell within one step count as the same: below, a busy machine decides."""

COUNT_STEP = 0.1
"""So do counts of retries and connections within a tenth."""

FAILED_STEP = 0.2
"""How many POSTs are under way when a connection is cut differs by as much (53 to 62 were seen); none is still none."""


def point_of(candidate: Candidate, cells: Sequence[Cell]) -> Point:
    """The sums over a candidate's cells."""
    once = [cell for cell in cells if cell.method in ONCE_ONLY]
    return Point(
        candidate=candidate.name,
        failed=sum(cell.failed for cell in cells),
        twice=sum(cell.executed_twice for cell in once),
        repeated=sum(cell.executed_twice for cell in cells) - sum(cell.executed_twice for cell in once),
        p99_ms=max((cell.latency_ms.p99 or 0.0 for cell in cells), default=0.0),
        extra=sum(cell.retries for cell in cells),
        connections=sum(cell.upstream_connections for cell in cells),
        cells=tuple(cells),
    )


def with_front(points: Iterable[Point]) -> tuple[Point, ...]:
    """The points in their order, those marked that no other one beats."""
    known = tuple(points)
    return tuple(replace(one, is_on_front=not any(_beats(other, one) for other in known)) for one in known)


def _beats(one: Point, other: Point) -> bool:
    """At least as good in everything, and clearly better in something."""
    return _at_most(one, other) and not _at_most(other, one)


def _at_most(one: Point, other: Point) -> bool:
    return (
        one.failed <= other.failed * (1 + FAILED_STEP)
        and one.twice <= other.twice
        and _is_as_quick(one, other)
        and one.extra <= other.extra * (1 + COUNT_STEP) + 1
        and one.connections <= other.connections * (1 + COUNT_STEP) + 1
    )


def _is_as_quick(one: Point, other: Point) -> bool:
    """In every cell: the worst one alone would hide what a single cut costs, which is what happens most."""
    limits = {(cell.scenario, cell.method): cell.latency_ms.p99 for cell in other.cells}
    return one.p99_ms <= other.p99_ms + P99_STEP_MS and all(
        (cell.latency_ms.p99 or 0.0) <= (limits.get((cell.scenario, cell.method)) or 0.0) + P99_STEP_MS
        for cell in one.cells
    )
