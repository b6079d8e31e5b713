"""What the HTML template shows, prepared: groups, links and figures, so that the template only lays out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape

from unstale.model.experiment import Cell, Experiment
from unstale.report import histogram, table, timeline
from unstale.report.manifest_view import Column, columns
from unstale.report.notes import Note, bounds, notes
from unstale.report.timeline_labels import name_of

MOST_ROWS = 60
"""Rows of a table of events or host changes that are shown; the recording has them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """A cell, the anchor of its section, and its pictures."""

    cell: Cell
    anchor: str
    wide: Markup
    narrow: Markup
    histogram: Markup

    @property
    def state(self) -> str:
        """One of clean, failed, twice, both, empty: how the cell is marked."""
        if not self.cell.requests:
            return "empty"
        if self.cell.failed:
            return "both" if self.cell.executed_twice else "failed"
        return "twice" if self.cell.executed_twice else "clean"

    @property
    def recovery(self) -> str:
        """Time to recover in words."""
        return table.recovery(self.cell)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is to be said beyond the figures."""
        return notes(self.cell)

    @property
    def span(self) -> str:
        """Since when and until when requests failed."""
        if self.cell.since_s is None or self.cell.until_s is None:
            return table.NOTHING
        return f"{self.cell.since_s:.1f} to {self.cell.until_s:.1f} s"

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        """Time, actor and words of each event, by time."""
        rows = sorted(self.cell.events, key=lambda event: event.at_s)
        return [(f"{event.at_s:.2f}", name_of(event.actor), event.what) for event in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioView:
    """A scenario's cells, by policy in the order of the matrix."""

    name: str
    anchor: str
    cells: tuple[CellView, ...]

    @property
    def bounds(self) -> tuple[str, ...]:
        """What no policy can avoid here, in words."""
        return bounds(view.cell for view in self.cells)

    def under(self, policy: str) -> list[CellView]:
        """The cells under one policy."""
        return [view for view in self.cells if view.cell.policy == policy]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything on the page."""

    experiment: Experiment
    scenarios: tuple[ScenarioView, ...]
    policies: tuple[str, ...]
    summary: str
    clean_counts: Mapping[str, tuple[int, int]]
    parameters: Mapping[str, str]
    recordings: str
    manifests: tuple[Column, ...]
    most_rows: int = MOST_ROWS

    @classmethod
    def of(cls, experiment: Experiment) -> Page:
        """The page of an experiment."""
        experiment = table.with_apps(experiment)
        cells = experiment.cells
        anchors = _Anchors()
        scenarios = tuple(
            ScenarioView(
                name=scenario,
                anchor=anchors.new("scenario", scenario),
                cells=tuple(_cell_view(cell, anchors) for cell in group),
            )
            for scenario, group in table.by_scenario(cells).items()
        )
        return cls(
            experiment=experiment,
            scenarios=scenarios,
            policies=tuple(table.by_policy(cells)),
            summary=_summary(experiment),
            clean_counts=table.clean_counts(cells),
            parameters={name: _plain(value) for name, value in experiment.parameters.items()},
            recordings=table.recordings(cells),
            manifests=columns({name: text for name, text in experiment.manifests.items() if text.strip()}),
        )

    def paragraphs(self, name: str) -> list[Markup]:
        """The text of a scenario or policy, what stands in backquotes set as code."""
        parts = re.split(r"\n\s*\n", self.experiment.texts.get(name, ""))
        return [_prose(part) for part in parts if part.strip()]

    @property
    def is_mixed(self) -> bool:
        """Whether some cells are clean and some are not, so that telling them apart helps."""
        return len({table.is_clean(cell) for cell in self.experiment.cells}) == 2


class _Anchors:
    """Names for places in the page: readable, safe in a link, each given once."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def new(self, *words: str) -> str:
        wanted = re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-") or "cell"
        anchor, number = wanted, 1
        while anchor in self._given:
            number += 1
            anchor = f"{wanted}-{number}"
        self._given.add(anchor)
        return anchor


def _cell_view(cell: Cell, anchors: _Anchors) -> CellView:
    anchor = anchors.new("cell", cell.scenario, cell.policy, cell.method)
    return CellView(
        cell=cell,
        anchor=anchor,
        wide=Markup(timeline.picture(cell, ident=f"{anchor}-wide", width=timeline.WIDE)),
        narrow=Markup(timeline.picture(cell, ident=f"{anchor}-narrow", width=timeline.NARROW)),
        histogram=Markup(histogram.picture(cell, ident=anchor)),
    )


def _prose(text: str) -> Markup:
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(table.printable(text)))))


def _summary(experiment: Experiment) -> str:
    cells = experiment.cells
    if not cells:
        return "No cell was run."
    scenarios, policies = table.by_scenario(cells), table.by_policy(cells)
    methods = " and ".join(dict.fromkeys(cell.method for cell in cells))
    failed = sum(cell.failed > 0 for cell in cells)
    twice = sum(cell.executed_twice > 0 for cell in cells)
    clean = sum(map(table.is_clean, cells))
    return (
        f"{table.count(sum(cell.requests for cell in cells))} requests ({methods}) through a real Envoy, in "
        f"{table.plural(len(scenarios), 'scenario')} under {_policies(policies)}. "
        f"Of {table.plural(len(cells), 'cell')}, {table.count(clean)} {_were(clean)} clean; requests failed in "
        f"{table.count(failed)}, and ran more than once on the server in {table.count(twice)}."
    )


def _policies(policies: Iterable[str]) -> str:
    number = len(tuple(policies))
    return "1 policy" if number == 1 else f"{table.count(number)} policies"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _plain(value: object) -> str:
    if value is None or value == [] or value == ():
        return table.NOTHING
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else json.dumps(value, default=str)
