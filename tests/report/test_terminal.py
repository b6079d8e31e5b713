"""The terminal rendering, as text."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Literal

import hostile
import pytest
import report_goldens
from experiment_sample import cell, experiment
from rich.cells import cell_len
from rich.console import Console

from unstale.model.experiment import Experiment, Latency
from unstale.report.terminal import render

_RED = r"\x1b\[1;31m"


def _drawn(what: Experiment, width: int = 80, *, is_terminal: bool = False, **environment: str) -> str:
    file = io.StringIO()
    colours: Literal["standard"] | None = "standard" if is_terminal else None
    console = Console(file=file, width=width, force_terminal=is_terminal, color_system=colours, _environ=environment)
    render(what, console=console)
    return file.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_the_whole_matrix_reads_as_in_the_golden(width: int) -> None:
    report_goldens.check(f"terminal-{width}.txt", _drawn(experiment(), width))


@pytest.mark.parametrize("width", [72, 80, 99, 100, 120, 240])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(cell_len, _drawn(experiment(), width).splitlines())) <= width


@pytest.mark.parametrize("width", [80, 200])
def test_nothing_is_cut_at_80_columns_or_more(width: int) -> None:
    assert "…" not in _drawn(experiment(), width)


def test_what_is_not_zero_has_a_sign_and_what_is_zero_has_none() -> None:
    one = replace(experiment(), cells=(cell("own-503", "article", "POST"), cell("calm", "article", "GET")))
    row, clean = (
        line for line in _drawn(one).splitlines() if line.startswith((" ✗ article", " ✓ article")) and "1600  " in line
    )
    assert "✗ 254" in row and "↻ 1212" in row
    assert clean.split() == ["✓", "article", "GET", "1600", "0", "0", "0.9", "129", "160", "–"]


def test_there_is_one_sentence_for_each_row() -> None:
    joined = " ".join(_drawn(experiment(), 240).split())
    for one in experiment().cells:
        assert one.sentence in joined


def test_colours_only_on_a_terminal() -> None:
    file = io.StringIO()
    render(experiment(), console=Console(file=file, width=80, _environ={"TERM": "xterm-256color"}))
    assert "\x1b" not in file.getvalue()
    assert re.search(rf"{_RED} *✗ 600", _drawn(experiment(), is_terminal=True))


def test_no_color_is_respected_on_a_terminal() -> None:
    drawn = _drawn(experiment(), is_terminal=True, NO_COLOR="1")
    assert "✗ 600" in drawn
    assert not re.search(r"\x1b\[(?:\d;)*[349]\dm", drawn)


def test_a_terminal_without_unicode_gets_ascii() -> None:
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding="ascii", errors="strict"), width=80, _environ={})
    render(experiment(), console=console)
    console.file.flush()
    drawn = raw.getvalue().decode("ascii")
    assert "x 600" in drawn and "2x 89" in drawn and " ok " in drawn


def test_rows_name_the_application_where_there_are_several() -> None:
    one = cell("calm", "none", "GET")
    drawn = _drawn(replace(experiment(), cells=(replace(one, app="requests"), replace(one, app="fresh-requests"))))
    assert "   application " in drawn and "…" not in drawn
    assert "✓ requests " in drawn and "✓ fresh-requests " in drawn
    assert "fresh-requests 1 of 1" in drawn


def test_no_cells_are_told() -> None:
    assert _drawn(replace(experiment(), cells=())) == "No cell was run.\n"


def test_a_cell_without_requests_is_neither_clean_nor_failed() -> None:
    empty = replace(
        cell("calm", "none", "GET"),
        requests=0,
        ok=0,
        executions=0,
        latency_ms=Latency(p50=None, p99=None, max=None),
        timeline=(),
        sentence="No request was due.",
    )
    drawn = _drawn(replace(experiment(), cells=(empty,)))
    assert " – none" in drawn
    assert "No request was due." in drawn
    assert "✓ none" not in drawn


def test_markup_and_control_characters_stay_text() -> None:
    drawn = _drawn(hostile.experiment(experiment()), 200)
    assert "\x1b" not in drawn and "\x00" not in drawn
    assert "[bold]" in drawn
