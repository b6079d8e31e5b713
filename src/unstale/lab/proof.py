"""The same scenarios before and after a remedy, side by side in one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from unstale.envoy.inputs import Setting
from unstale.istio.source import Source
from unstale.lab.catalogue import FILES, default_scenario_names, scenario_names
from unstale.lab.matrix import Question, plan
from unstale.lab.order import Order
from unstale.model.experiment import Cell
from unstale.model.proof import Pair

BEFORE, AFTER = "before", "after"
_NOTHING = "none"


def proving(named: Iterable[str]) -> tuple[str, ...]:
    """Which of the scenarios that remedies name are run, in the order of the catalogue; the default ones for none."""
    wanted = set(named)
    return tuple(name for name in scenario_names() if name in wanted) or default_scenario_names()


def orders_of(
    before: Sequence[Source] | None,
    after: Sequence[Source],
    *,
    scenarios: tuple[str, ...],
    setting: Setting,
    recordings: Path,
    host: str | None = None,
    command: str = "",
) -> tuple[Order, ...]:
    """All cells of both; `before` None is a mesh that does not know the host.

    Raises InputError where the manifests name no host that can be called, or a scenario is unknown.
    """
    question = Question(files=tuple(after), scenarios=scenarios, setting=setting, host=host, command=command)
    first = replace(question, policies=(_NOTHING,)) if before is None else replace(question, files=tuple(before))
    last = replace(question, policies=(FILES,))
    made = [
        replace(order, policy=name, folder=f"{order.folder}-{name}")
        for name, each in ((BEFORE, first), (AFTER, last))
        for order in plan(each, recordings)
    ]
    return tuple(replace(order, number=number) for number, order in enumerate(made))


def pairs(cells: Iterable[Cell]) -> tuple[Pair, ...]:
    """The cells of both, put together."""
    found: dict[tuple[str, str], dict[str, Cell]] = {}
    for cell in cells:
        found.setdefault((cell.scenario, cell.method), {})[cell.policy] = cell
    return tuple(_pair(both) for both in found.values())


def _pair(both: Mapping[str, Cell]) -> Pair:
    return Pair(before=both[BEFORE], after=both[AFTER])
