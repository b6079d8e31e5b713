"""Run cells side by side and one at a time: does company change a verdict?

A verdict is whether requests failed, whether any ran twice, and whether the cell did what its scenario expects.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import click

from unstale.lab import matrix, runner
from unstale.lab.matrix import Question
from unstale.model.errors import UnstaleError
from unstale.model.experiment import Cell
from unstale.report.progress import Progress

POLICIES = ("none", "article", "recommended")


@click.command()
@click.option("--policy", "policies", multiple=True, default=POLICIES, show_default=True)
@click.argument("scenarios", nargs=-1)
def main(policies: tuple[str, ...], scenarios: tuple[str, ...]) -> None:
    """Compare SCENARIOS, the default ones if none is named; exit 1 if a verdict differs."""
    question = Question(policies=policies, command="make alone")
    if scenarios:
        question = replace(question, scenarios=scenarios)
    try:
        together, alone = _run(question, None), _run(question, 1)
    except UnstaleError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(3)
    differing = 0
    for beside, single in zip(together, alone, strict=True):
        name = f"{beside.scenario}/{beside.policy}/{beside.method}"
        marks = (_verdict(beside), _verdict(single))
        differing += marks[0] != marks[1]
        print(f"{'  ' if marks[0] == marks[1] else '! '}{name:42} {_told(beside):32} alone {_told(single)}")
    print(f"{len(together)} cells, {differing} with another verdict alone")
    sys.exit(1 if differing else 0)


def _run(question: Question, jobs: int | None) -> tuple[Cell, ...]:
    with tempfile.TemporaryDirectory() as scratch:
        orders = runner.prepare(matrix.plan(question, Path(scratch)), Path(scratch))
        with Progress(total=len(orders)) as progress:
            return runner.run_all(orders, jobs=jobs, watcher=progress)


def _verdict(cell: Cell) -> tuple[bool, bool, bool]:
    return cell.failed > 0, cell.executed_twice > 0, cell.expectation == "met"


def _told(cell: Cell) -> str:
    met = "as expected" if cell.expectation == "met" else cell.expectation or "no expectation"
    return f"{cell.failed} failed, {cell.executed_twice} twice, {met}"


if __name__ == "__main__":
    main()
