"""Live progress: on a terminal, elsewhere, and quiet."""

from __future__ import annotations

import io
from dataclasses import replace

import hostile
import pytest
from experiment_sample import cell
from rich.console import Console

from unstale.report.progress import PLAIN_EVERY_S, Progress


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def _console(*, is_terminal: bool, height: int = 24) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    console = Console(file=file, width=80, height=height, force_terminal=is_terminal, color_system=None, _environ={})
    return console, file


def _seen(progress: Progress, console: Console) -> str:
    with console.capture() as captured:
        console.print(progress.view())
    return captured.get()


def test_shows_what_runs_what_happens_in_it_and_what_is_done() -> None:
    clock = Clock()
    console, _ = _console(is_terminal=False)
    progress = Progress(3, console=console, clock=clock)
    progress.started("calm/none/GET")
    progress.started("rotation-sudden/none/GET")
    clock.now_s += 65
    progress.phase("rotation-sudden/none/GET", "dns moved to 198.51.100.21")
    progress.finished(cell("calm", "none", "GET"))
    seen = _seen(progress, console)
    assert "1/3 cells" in seen and "1:05" in seen and "1 clean, 0 not" in seen
    assert "rotation-sudden/none/GET" in seen and "dns moved" in seen
    assert "calm/none/GET" not in seen


def test_cells_of_several_applications_are_told_apart() -> None:
    console, _ = _console(is_terminal=False)
    progress = Progress(3, console=console, clock=Clock())
    for name in ("calm/none/GET", "calm/none/GET/httpx", "calm/none/GET/curl"):
        progress.started(name)
    progress.finished(replace(cell("calm", "none", "GET"), app="httpx"))
    assert "calm/none/GET/httpx" not in _seen(progress, console)
    assert "calm/none/GET/curl" in _seen(progress, console)
    progress.finished(replace(cell("calm", "none", "GET"), app="http-client"))
    assert "calm/none/GET " not in _seen(progress, console)


def test_counts_the_cells_that_are_not_clean() -> None:
    console, _ = _console(is_terminal=False)
    progress = Progress(3, console=console, clock=Clock())
    progress.finished(cell("rotation-sudden", "none", "GET"))
    progress.finished(cell("runs-then-cuts", "article", "POST"))
    assert "0 clean, 2 not" in _seen(progress, console)


@pytest.mark.parametrize(("running", "more"), [(4, ""), (5, ""), (6, "and 1 more"), (40, "and 35 more")])
def test_more_running_cells_than_lines_are_counted(running: int, more: str) -> None:
    console, _ = _console(is_terminal=False, height=8)
    progress = Progress(50, console=console, clock=Clock())
    for number in range(running):
        progress.started(f"cell-{number}")
    seen = _seen(progress, console)
    assert ("more" in seen) is bool(more)
    assert more in seen
    assert len(seen.splitlines()) <= 8


def test_elsewhere_a_line_now_and_then_and_one_at_the_end() -> None:
    clock = Clock()
    console, file = _console(is_terminal=False)
    with Progress(4, console=console, clock=clock) as progress:
        progress.finished(cell("calm", "none", "GET"))
        clock.now_s += PLAIN_EVERY_S
        progress.finished(cell("calm", "none", "POST"))
        clock.now_s += PLAIN_EVERY_S - 1
        progress.finished(cell("calm", "article", "GET"))
        progress.finished(cell("rotation-slow", "none", "GET"))
    assert file.getvalue().splitlines() == [
        "2 of 4 cells after 10 s: 2 clean, 0 not",
        "4 of 4 cells after 19 s: 3 clean, 1 not",
    ]


@pytest.mark.parametrize("is_terminal", [False, True])
def test_quiet_says_nothing(is_terminal: bool) -> None:
    console, file = _console(is_terminal=is_terminal)
    with Progress(1, quiet=True, console=console, clock=Clock()) as progress:
        progress.started("calm/none/GET")
        progress.phase("calm/none/GET", "load begins")
        progress.finished(cell("calm", "none", "GET"))
    assert file.getvalue() == ""


def test_a_terminal_is_left_clean_when_the_run_breaks() -> None:
    console, file = _console(is_terminal=True)
    with pytest.raises(KeyboardInterrupt), Progress(2, console=console, clock=Clock()) as progress:
        progress.started("calm/none/GET")
        raise KeyboardInterrupt
    assert file.getvalue().count("\x1b[?25l") == file.getvalue().count("\x1b[?25h") == 1


def test_what_happens_cannot_move_the_cursor() -> None:
    console, _ = _console(is_terminal=False)
    progress = Progress(1, console=console, clock=Clock())
    progress.started(hostile.TEXT)
    progress.phase(hostile.TEXT, hostile.TEXT)
    assert "\x1b" not in _seen(progress, console)


def test_a_phase_of_an_unknown_cell_is_ignored() -> None:
    console, _ = _console(is_terminal=False)
    progress = Progress(1, console=console, clock=Clock())
    progress.phase("gone", "late word")
    assert "late word" not in _seen(progress, console)
