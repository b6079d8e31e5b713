"""Run candidates in the lab until the budget is spent."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from unstale.istio.source import Source
from unstale.lab import runner
from unstale.lab.matrix import Question, plan
from unstale.lab.order import Order
from unstale.lab.policies.recommended import facts_of
from unstale.lab.tune.candidate import Candidate
from unstale.lab.tune.point import point_of, with_front
from unstale.lab.tune.space import candidates
from unstale.model.experiment import Cell
from unstale.model.search import Point
from unstale.remedy.writing import yaml_documents

_POLICY = "recommended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How many cells may be run, or for how many seconds; the recommended point is run in any case."""

    cells: int | None = None
    seconds: float | None = None


def search(
    question: Question,
    budget: Budget,
    *,
    recordings: Path,
    run: Callable[[tuple[Order, ...]], tuple[Cell, ...]],
    varied: Collection[str] = (),
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Point, ...]:
    """The points in the order in which they were tried, those on the front marked.

    `run` runs cells and gives them back in their order; `varied` are the values that are changed, all by default.
    Raises InputError for a question that cannot be asked.
    """
    begun = clock()
    plain = plan(replace(question, policies=(_POLICY,)), recordings)
    points: list[Point] = []
    for tried in _groups(plain, budget, varied):
        if points and budget.seconds is not None and clock() - begun >= budget.seconds:
            break
        points.extend(_points(tried, run(tuple(orders_for(tried, plain)))))
    return with_front(points)


def orders_for(tried: Sequence[Candidate], plain: Sequence[Order]) -> Iterator[Order]:
    """The cells of some candidates, numbered from 0."""
    number = 0
    for candidate in tried:
        for order in plain:
            text = yaml_documents(candidate.manifests(facts_of(order.target)))
            yield replace(
                order,
                number=number,
                policy=candidate.name,
                sources=(Source(name="candidate.yaml", text=text),),
                folder=f"{order.folder}-{candidate.name}",
            )
            number += 1


def _groups(plain: Sequence[Order], budget: Budget, varied: Collection[str]) -> Iterator[list[Candidate]]:
    """As many candidates at once as the machine runs side by side, and as the budget in cells has room for."""
    every = list(candidates(varied))
    if budget.cells is not None:
        every = every[: max(1, budget.cells // max(1, len(plain)))]
    at_once = max(1, runner.default_jobs() // max(1, len(plain)))
    for start in range(0, len(every), at_once):
        yield every[start : start + at_once]


def _points(tried: Sequence[Candidate], cells: Sequence[Cell]) -> Iterator[Point]:
    for candidate in tried:
        yield point_of(candidate, [cell for cell in cells if cell.policy == candidate.name])
