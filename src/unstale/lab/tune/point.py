"""What a candidate came to over all cells, and which candidates no other one beats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from unstale.model.experiment import Cell
from unstale.model.proof import ONCE_ONLY
from unstale.model.search import Noise, Point


def point_of(name: str, cells: Sequence[Cell]) -> Point:
    """The sums over the cells of one run of a candidate."""
    once = [cell for cell in cells if cell.method in ONCE_ONLY]
    return Point(
        candidate=name,
        failed=sum(cell.failed for cell in cells),
        twice=sum(cell.executed_twice for cell in once),
        repeated=sum(cell.executed_twice for cell in cells) - sum(cell.executed_twice for cell in once),
        p99_ms=max((cell.latency_ms.p99 or 0.0 for cell in cells), default=0.0),
        extra=sum(cell.retries for cell in cells),
        connections=sum(cell.upstream_connections for cell in cells),
        cells=tuple(cells),
    )


def noise_of(controls: Sequence[Point]) -> Noise:
    """What runs of one and the same candidate differ by, twice over: two single runs are compared afterwards."""
    latencies: dict[tuple[str, str], list[float]] = {}
    for point in controls:
        for cell in point.cells:
            latencies.setdefault((cell.scenario, cell.method), []).append(cell.latency_ms.p99 or 0.0)
    return Noise(
        failed=_spread([point.failed for point in controls]),
        extra=_spread([point.extra for point in controls]),
        connections=_spread([point.connections for point in controls]),
        p99_ms={key: _spread(values) for key, values in latencies.items()},
    )


def with_front(points: Iterable[Point], noise: Noise) -> tuple[Point, ...]:
    """The points in their order, those marked that no other one beats."""
    known = tuple(points)
    return tuple(replace(one, is_on_front=not any(_beats(other, one, noise) for other in known)) for one in known)


def _spread(values: Sequence[float]) -> float:
    return 2 * (max(values) - min(values)) if values else 0.0


def _beats(one: Point, other: Point, noise: Noise) -> bool:
    """At least as good in everything, and clearly better in something."""
    return _at_most(one, other, noise) and not _at_most(other, one, noise)


def _at_most(one: Point, other: Point, noise: Noise) -> bool:
    return (
        one.failed <= other.failed + noise.failed * bool(other.failed)
        and one.twice <= other.twice
        and one.extra <= other.extra + noise.extra
        and one.connections <= other.connections + noise.connections
        and _is_as_quick(one, other, noise)
    )


def _is_as_quick(one: Point, other: Point, noise: Noise) -> bool:
    """In every cell: the worst one alone would hide what a single cut costs, which is what happens most."""
    limits = {(cell.scenario, cell.method): cell.latency_ms.p99 or 0.0 for cell in other.cells}
    return all(
        (cell.latency_ms.p99 or 0.0) <= limits.get(key, 0.0) + noise.p99_ms.get(key, 0.0)
        for cell in one.cells
        if (key := (cell.scenario, cell.method))
    )
