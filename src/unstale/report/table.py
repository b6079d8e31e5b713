"""What the renderings share: how figures are written, and how cells are grouped into scenarios and policies."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from unstale.model.experiment import Cell, Experiment

NOTHING = "–"
"""Stands where there is no figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """The signs that carry the verdict of a row beside its colour."""

    clean: str
    failed: str
    twice: str
    none: str


SIGNS = Signs(clean="✓", failed="✗", twice="↻", none=NOTHING)
ASCII_SIGNS = Signs(clean="ok", failed="x", twice="2x", none="-")


def count(value: int) -> str:
    """A number of things; thousands are parted from 10,000 on."""
    return f"{value:,}" if abs(value) >= 10_000 else str(value)


def ms(value: float | None) -> str:
    """Milliseconds without their unit: a tenth below 10, whole above."""
    if value is None:
        return NOTHING
    return f"{value:.1f}" if value < 9.95 else count(round(value))


def seconds(value: float) -> str:
    """A time with its unit: milliseconds below 0.1 s, tenths of a second below 100 s, whole seconds above."""
    if abs(value) < 0.0995:
        return f"{1000 * value:.0f} ms"
    return f"{value:.1f} s" if abs(value) < 99.95 else f"{count(round(value))} s"


def recovery(cell: Cell) -> str:
    """Time to recover: a dash where nothing failed, `never` where the cell ended failing."""
    if cell.recovery_s is None:
        return "never"
    return seconds(cell.recovery_s) if cell.failed else NOTHING


def per_second(value: float) -> str:
    """A rate without its unit."""
    return f"{value:g}" if value < 10 else count(round(value))


def is_clean(cell: Cell) -> bool:
    """Nothing failed and nothing ran twice."""
    return not cell.failed and not cell.executed_twice


def printable(text: str) -> str:
    """The text on one line without control characters: a log line must not move a terminal's cursor."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _is_control(char) else char for char in " ".join(text.splitlines()))


def first_sentence(text: str) -> str:
    """The first paragraph of a text on one line."""
    return printable(" ".join(text.strip().split("\n\n")[0].split()))


def by_scenario(cells: Iterable[Cell]) -> dict[str, tuple[Cell, ...]]:
    """The cells of each scenario, in the order in which scenarios first appear."""
    groups: dict[str, tuple[Cell, ...]] = {}
    for cell in cells:
        groups[cell.scenario] = (*groups.get(cell.scenario, ()), cell)
    return groups


def by_policy(cells: Iterable[Cell]) -> dict[str, tuple[Cell, ...]]:
    """The cells of each policy, in the order in which policies first appear."""
    groups: dict[str, tuple[Cell, ...]] = {}
    for cell in cells:
        groups[cell.policy] = (*groups.get(cell.policy, ()), cell)
    return groups


def rows_of(experiment: Experiment) -> str:
    """What a row stands for: `policy`, or where cells were run with several applications, those too or alone."""
    cells = experiment.cells
    if len({(cell.scenario, cell.policy, cell.method) for cell in cells}) == len(cells):
        return "policy"
    return "application" if len(by_policy(cells)) == 1 else "policy, application"


def with_apps(experiment: Experiment) -> Experiment:
    """The experiment with each policy named as its rows are: by the application, where several were run."""
    rows = rows_of(experiment)
    if rows == "policy":
        return experiment
    names = {
        (cell.policy, cell.app): cell.app if rows == "application" else f"{cell.policy}, {cell.app}"
        for cell in experiment.cells
    }
    texts = dict(experiment.texts)
    for parts, name in names.items():
        texts[name] = "\n\n".join(filter(None, (experiment.texts.get(part) for part in parts)))
    cells = tuple(replace(cell, policy=names[cell.policy, cell.app]) for cell in experiment.cells)
    return replace(experiment, texts=texts, cells=cells)


def clean_counts(cells: Iterable[Cell]) -> dict[str, tuple[int, int]]:
    """Policy -> how many of its cells are clean, and how many it has."""
    return {policy: (sum(map(is_clean, group)), len(group)) for policy, group in by_policy(cells).items()}


def recordings(cells: Iterable[Cell]) -> str:
    """The folder in which all recordings lie, or the empty string if there is no such one."""
    folders = {PurePosixPath(cell.log).parent for cell in cells if cell.log}
    return str(folders.pop()) if len(folders) == 1 else ""


def plural(value: int, noun: str) -> str:
    """`1 cell`, `2 cells`."""
    return f"{count(value)} {noun}" if value == 1 else f"{count(value)} {noun}s"


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cs") or char in "\u2028\u2029\u202a\u202b\u202c\u202d\u202e"
