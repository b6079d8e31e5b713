"""What is to be said of a cell beyond its figures, in words: contradictions, missed expectations, bounds, repeats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from unstale.model.experiment import Bound, Cell, Run
from unstale.report import table


class Weight(StrEnum):
    """How much a note matters: the cell proves nothing, the cell surprises, or it is only told."""

    BROKEN = "broken"
    SURPRISING = "surprising"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class Note:
    """One note; `text` is a sentence without its full stop."""

    weight: Weight
    text: str


def notes(cell: Cell) -> tuple[Note, ...]:
    """Everything that is to be said, gravest first."""
    return tuple(_notes(cell))


def _notes(cell: Cell) -> Iterator[Note]:
    for words in cell.disagreements:
        yield Note(Weight.BROKEN, f"the counts disagree, so this cell proves nothing: {words}")
    missed = [run.expectation for run in cell.runs if run.expectation not in ("", "met")]
    if missed:
        yield Note(Weight.SURPRISING, f"not as expected in {len(missed)} of {len(cell.runs)} runs: {missed[0]}")
    elif cell.expectation not in ("", "met"):
        yield Note(Weight.SURPRISING, f"not as expected: {cell.expectation}")
    if cell.runs:
        yield Note(Weight.TOLD, _range(cell.runs))
    for words in cell.conditions:
        yield Note(Weight.TOLD, words)


def bounds(cells: Iterable[Cell]) -> tuple[str, ...]:
    """What no policy can avoid in the cells of one scenario: a sentence without its full stop for each method."""
    found = {cell.method: cell.bound for cell in cells if cell.bound is not None}
    return tuple(_bound(method, bound) for method, bound in found.items())


def _bound(method: str, bound: Bound) -> str:
    parts = []
    if bound.failed:
        parts.append(f"{table.count(bound.failed)} failed")
    if bound.executed_twice:
        parts.append(f"{table.count(bound.executed_twice)} executed twice")
    least = " and ".join(parts) or "some"
    return f"{method}: no policy at the sidecar reaches zero here; the best one measured leaves {least}: {bound.why}"


def _range(runs: Sequence[Run]) -> str:
    failed = _span([run.failed for run in runs])
    twice = _span([run.executed_twice for run in runs])
    p99 = [run.p99_ms for run in runs if run.p99_ms is not None]
    latency = f", p99 {table.ms(min(p99))} to {table.ms(max(p99))} ms" if p99 else ""
    return f"{len(runs)} runs: {failed} failed, {twice} executed twice{latency}; the worst is shown"


def _span(values: Sequence[int]) -> str:
    least, most = min(values), max(values)
    return table.count(least) if least == most else f"{table.count(least)} to {table.count(most)}"
