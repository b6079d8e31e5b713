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
from unstale.lab.tune.point import noise_of, point_of, with_front
from unstale.lab.tune.space import candidates
from unstale.model.experiment import Cell
from unstale.model.search import Point, Search
from unstale.remedy.writing import yaml_documents

_POLICY = "recommended"

CONTROLS = 5
"""How often the recommended point is run: what its runs differ by is what the machine decides, not the policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How many cells may be run, or for how many seconds; the controls are run in any case."""

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
) -> Search:
    """The points in the order in which they were tried, the recommended one several times, those on the front marked.

    `run` runs cells and gives them back in their order; `varied` are the values that are changed, all by default.
    Raises InputError for a question that cannot be asked.
    """
    begun = clock()
    plain = plan(replace(question, policies=(_POLICY,)), recordings)
    points: list[Point] = []
    for tried in _groups(plain, budget, varied):
        if len(points) >= CONTROLS and budget.seconds is not None and clock() - begun >= budget.seconds:
            break
        orders = [order for at, trial in enumerate(tried) for order in trial.orders(plain, at * len(plain))]
        points.extend(_points(tried, run(tuple(orders))))
    noise = noise_of(points[:CONTROLS])
    return Search(points=with_front(points, noise), noise=noise)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One run of a candidate over all cells."""

    name: str
    candidate: Candidate

    def orders(self, plain: Sequence[Order], first: int) -> Iterator[Order]:
        """Its cells, numbered from `first`."""
        for number, order in enumerate(plain, first):
            text = yaml_documents(self.candidate.manifests(facts_of(order.target)))
            yield replace(
                order,
                number=number,
                policy=self.name,
                sources=(Source(name="candidate.yaml", text=text),),
                folder=f"{order.folder}-{self.name.replace(' ', '-')}",
            )


def _groups(plain: Sequence[Order], budget: Budget, varied: Collection[str]) -> Iterator[list[Trial]]:
    """As many at once as the machine runs side by side, and as the budget in cells has room for."""
    recommended, *others = candidates(varied)
    again = [
        Trial(name=f"{recommended.name}, run {number}", candidate=recommended) for number in range(2, CONTROLS + 1)
    ]
    every = [Trial(name=recommended.name, candidate=recommended), *again]
    every.extend(Trial(name=candidate.name, candidate=candidate) for candidate in others)
    if budget.cells is not None:
        every = every[: max(CONTROLS, budget.cells // max(1, len(plain)))]
    at_once = max(1, runner.default_jobs() // max(1, len(plain)))
    for start in range(0, len(every), at_once):
        yield every[start : start + at_once]


def _points(tried: Sequence[Trial], cells: Sequence[Cell]) -> Iterator[Point]:
    for trial in tried:
        yield point_of(trial.name, [cell for cell in cells if cell.policy == trial.name])
