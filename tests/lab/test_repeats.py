"""Several runs of a cell become the worst of them, with all runs beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from unstale.lab.matrix import Question, plan
from unstale.lab.repeats import joined
from unstale.model.experiment import Cell, Latency

CELL = Cell(
    scenario="calm",
    policy="none",
    method="GET",
    requests=10,
    ok=10,
    failed=0,
    failures={},
    executed_twice=0,
    executions=10,
    latency_ms=Latency(p50=1.0, p99=2.0, max=3.0),
    recovery_s=0.0,
    upstream_connections=1,
    late_ms=0.1,
    host_changes=(),
    events=(),
    timeline=(),
    bucket_s=0.25,
    first_failures=(),
    sentence="",
    log="",
    expectation="met",
)


def _joined(*cells: Cell) -> tuple[Cell, ...]:
    question = Question(scenarios=("calm",), policies=("none",), methods=("GET",), repeat=len(cells))
    return joined(plan(question, Path("recordings")), cells)


def test_one_run_is_left_as_it_is() -> None:
    assert _joined(CELL) == (CELL,)


def test_the_worst_run_is_shown_and_all_are_counted() -> None:
    (cell,) = _joined(CELL, replace(CELL, failed=3), replace(CELL, failed=1))
    assert cell.failed == 3
    assert [run.failed for run in cell.runs] == [0, 3, 1]


def test_a_run_that_misses_its_expectation_is_worse_than_one_that_failed_as_expected() -> None:
    (cell,) = _joined(replace(CELL, failed=5), replace(CELL, failed=0, expectation="failed 0 of 10, expected 20 %"))
    assert cell.expectation.startswith("failed 0")


def test_runs_of_another_application_are_another_cell() -> None:
    question = Question(
        scenarios=("calm",), policies=("none",), methods=("GET",), apps=("httpx", "fresh-httpx"), repeat=2
    )
    cells = [replace(CELL, app=app, failed=failed) for app, failed in (("httpx", 2), ("httpx", 1), ("fresh-httpx", 0))]
    found = joined(plan(question, Path("recordings")), cells)
    assert [(cell.app, cell.failed, len(cell.runs)) for cell in found] == [("httpx", 2, 2), ("fresh-httpx", 0, 1)]


def test_a_contradiction_in_any_run_is_told() -> None:
    (cell,) = _joined(replace(CELL, failed=5), replace(CELL, disagreements=("Envoy counted 8",)))
    assert cell.disagreements == ("Envoy counted 8",)
