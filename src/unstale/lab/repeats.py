"""Several runs of a cell as one cell: the worst of them, with the range of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unstale.lab.order import Order
from unstale.model.experiment import Cell, Run


def joined(orders: Sequence[Order], cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """The cells with the runs of the same one joined, in the order of their first runs."""
    groups: dict[tuple[str, str, str, str], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.scenario, cell.policy, cell.method, cell.app), []).append(cell)
    if len(groups) == len(orders):
        return tuple(cells)
    return tuple(_worst(group) for group in groups.values())


def _worst(cells: Sequence[Cell]) -> Cell:
    worst = max(cells, key=lambda cell: (cell.expectation not in ("", "met"), cell.executed_twice, cell.failed))
    disagreements = dict.fromkeys(words for cell in cells for words in cell.disagreements)
    return replace(worst, runs=tuple(map(_run, cells)), disagreements=tuple(disagreements))


def _run(cell: Cell) -> Run:
    return Run(
        failed=cell.failed,
        executed_twice=cell.executed_twice,
        p50_ms=cell.latency_ms.p50,
        p99_ms=cell.latency_ms.p99,
        expectation=cell.expectation,
    )
