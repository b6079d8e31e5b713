"""Live progress of a running matrix: what is done, what runs, and what happens in it just now.

On a terminal a few lines are drawn again and again and vanish at the end; elsewhere a plain line is printed now and
then, so that a log of a build stays short.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from unstale.model.experiment import Cell
from unstale.report import table
from unstale.report.table import printable

PLAIN_EVERY_S = 10.0
"""How often a line is printed where there is no terminal."""

_BAR = 24
_LINES_AROUND = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    since: float
    text: str


class Progress:
    """Watches a matrix run; a context manager. Times come from `clock`, seconds; `quiet` says nothing at all."""

    def __init__(
        self,
        total: int,
        *,
        quiet: bool = False,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total = total
        self._quiet = quiet
        self._console = console or Console(stderr=True)
        self._clock = clock
        self._begun = clock()
        self._printed = self._begun
        self._done = 0
        self._clean = 0
        self._running: dict[str, _Running] = {}
        self._lock = Lock()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        self._begun = self._printed = self._clock()
        if not self._quiet and self._console.is_terminal:
            self._live = Live(get_renderable=self.view, console=self._console, refresh_per_second=8, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def started(self, name: str) -> None:
        """A cell begins."""
        with self._lock:
            self._running[name] = _Running(since=self._clock(), text="building its world")

    def phase(self, name: str, text: str) -> None:
        """Something happened in a running cell, e.g. `dns moved`."""
        with self._lock:
            if name in self._running:
                self._running[name] = replace(self._running[name], text=printable(text))

    def finished(self, cell: Cell) -> None:
        """A cell is done."""
        with self._lock:
            usual = f"{cell.scenario}/{cell.policy}/{cell.method}"
            named = f"{usual}/{cell.app}"
            self._running.pop(named if named in self._running else usual, None)
            self._done += 1
            self._clean += table.is_clean(cell)
        if not self._quiet and self._live is None:
            self._print_now_and_then()

    def view(self) -> Group:
        """What the terminal shows just now."""
        with self._lock:
            running = sorted(self._running.items(), key=lambda entry: entry[1].since)
            head = self._head()
        room = max(1, self._console.height - _LINES_AROUND)
        shown, hidden = running[:room], running[room:]
        more = [Text(f"  and {len(hidden)} more", style="dim")] if hidden else []
        return Group(head, self._cells(shown), *more)

    def _head(self) -> Table:
        line = Table.grid(padding=(0, 2))
        for _ in range(4):
            line.add_column(no_wrap=True)
        line.add_row(
            ProgressBar(total=max(1, self._total), completed=self._done, width=_BAR),
            f"{self._done}/{self._total} cells",
            _clock_face(self._clock() - self._begun),
            self._counts(),
        )
        return line

    def _counts(self) -> Text:
        unclean = self._done - self._clean
        return Text.assemble(
            (f"{self._clean} clean", "green" if self._clean else "dim"),
            ", ",
            (f"{unclean} not", "red" if unclean else "dim"),
        )

    def _cells(self, running: list[tuple[str, _Running]]) -> Table:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True, justify="right")
        grid.add_column(no_wrap=True, overflow="ellipsis")
        now = self._clock()
        for name, state in running:
            grid.add_row(Text(f"  {printable(name)}"), f"{now - state.since:.0f} s", Text(state.text, style="dim"))
        return grid

    def _print_now_and_then(self) -> None:
        now = self._clock()
        if self._done < self._total and now - self._printed < PLAIN_EVERY_S:
            return
        self._printed = now
        unclean = self._done - self._clean
        self._console.print(
            f"{self._done} of {self._total} cells after {now - self._begun:.0f} s: {self._clean} clean, {unclean} not",
            highlight=False,
            markup=False,
        )


def _clock_face(elapsed_s: float) -> str:
    minutes, seconds = divmod(int(elapsed_s), 60)
    return f"{minutes}:{seconds:02d}"
