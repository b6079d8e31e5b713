"""An experiment on a terminal: one table, then one sentence for each row.

Failed and executed twice stand side by side, since curing the one by causing the other is no cure. What is not zero
stands out by sign and by colour; a clean row stays calm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from unstale.model.experiment import Cell, Experiment
from unstale.report import table
from unstale.report.notes import Weight, bounds, notes
from unstale.report.table import ASCII_SIGNS, SIGNS, Signs

WIDE = 100
"""Columns from which on the table is set with more air."""

_FAILED = "bold red"
_TWICE = "bold magenta"
_CLEAN = "green"
_CALM = "dim"
_HEADING = "bold"
_WEIGHTS = {Weight.BROKEN: "bold red", Weight.SURPRISING: "red", Weight.TOLD: _CALM}


def render(experiment: Experiment, *, console: Console) -> None:
    """Print the experiment. Colours are the console's affair: none where it is not a terminal or NO_COLOR is set."""
    rows, experiment = table.rows_of(experiment), table.with_apps(experiment)
    signs = SIGNS if console.encoding.lower().startswith("utf") else ASCII_SIGNS
    if not experiment.cells:
        console.print(Text("No cell was run."))
        return
    console.print(_table(experiment.cells, signs, rows, is_wide=console.width >= WIDE))
    console.print(_legend(signs))
    for scenario, cells in table.by_scenario(experiment.cells).items():
        console.print()
        console.print(_heading(scenario, experiment.texts.get(scenario, "")))
        console.print(_sentences(cells, signs))
        for words in bounds(cells):
            console.print(Text(f" {table.printable(words)}.", style=_CALM))
    console.print()
    for line in _summary(experiment):
        console.print(line, soft_wrap=False)


def _table(cells: Iterable[Cell], signs: Signs, rows: str, *, is_wide: bool) -> Table:
    grid = Table(
        box=box.SIMPLE_HEAD,
        header_style=_HEADING,
        padding=(0, 1 if is_wide else 0),
        pad_edge=False,
        show_edge=False,
    )
    grid.add_column(f"scenario\n   {rows}", no_wrap=True, overflow="ellipsis")
    grid.add_column("method", no_wrap=True)
    for title in ("requests", "failed", "executed\ntwice", "p50\nms", "p99\nms", "max\nms", "time to\nrecover"):
        grid.add_column(title, justify="right", no_wrap=True)
    for scenario, group in table.by_scenario(cells).items():
        grid.add_row(Text(table.printable(scenario), style=_HEADING))
        for row in _rows(group, signs):
            grid.add_row(*row)
        grid.add_section()
    return grid


def _rows(cells: Iterable[Cell], signs: Signs) -> Iterator[tuple[Text, ...]]:
    for policy, group in table.by_policy(cells).items():
        for number, cell in enumerate(group):
            calm = _CALM if table.is_clean(cell) else ""
            yield (
                _mark(cell, signs) + Text(table.printable(policy) if number == 0 else ""),
                Text(table.printable(cell.method)),
                Text(table.count(cell.requests), style=calm),
                _figure(cell.failed, signs.failed, _FAILED),
                _figure(cell.executed_twice, signs.twice, _TWICE),
                *(Text(_dash(table.ms(value), signs), style=calm) for value in _latency(cell)),
                Text(_dash(table.recovery(cell), signs), style=_FAILED if cell.recovery_s is None else calm),
            )


def _latency(cell: Cell) -> tuple[float | None, ...]:
    return cell.latency_ms.p50, cell.latency_ms.p99, cell.latency_ms.max


def _dash(figure: str, signs: Signs) -> str:
    return signs.none if figure == table.NOTHING else figure


def _figure(value: int, sign: str, style: str) -> Text:
    return Text(f"{sign} {table.count(value)}", style=style) if value else Text("0", style=_CALM)


def _mark(cell: Cell, signs: Signs) -> Text:
    if not cell.requests:
        sign, style = signs.none, _CALM
    elif cell.failed:
        sign, style = signs.failed, _FAILED
    elif cell.executed_twice:
        sign, style = signs.twice, _TWICE
    else:
        sign, style = signs.clean, _CLEAN
    return Text.assemble(" ", (sign.ljust(len(signs.twice)), style), " ")


def _legend(signs: Signs) -> Text:
    return Text.assemble(
        (signs.clean, _CLEAN),
        (" nothing failed, nothing ran twice   ", _CALM),
        (signs.failed, _FAILED),
        (" failed   ", _CALM),
        (signs.twice, _TWICE),
        (" ran more than once", _CALM),
    )


def _heading(scenario: str, text: str) -> Text:
    heading = Text(table.printable(scenario), style=_HEADING)
    said = table.first_sentence(text)
    return heading + Text(f": {said}", style="not bold") if said else heading


def _sentences(cells: Iterable[Cell], signs: Signs) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for policy, group in table.by_policy(cells).items():
        for number, cell in enumerate(group):
            grid.add_row(
                _mark(cell, signs) + Text(table.printable(policy) if number == 0 else ""),
                Text(table.printable(cell.method)),
                _said(cell),
            )
    return grid


def _said(cell: Cell) -> Text:
    said = Text(table.printable(cell.sentence), style=_CALM if table.is_clean(cell) else "")
    for note in notes(cell):
        said.append(f" {table.printable(note.text[:1].upper() + note.text[1:])}.", style=_WEIGHTS[note.weight])
    return said


def _summary(experiment: Experiment) -> Iterator[Text]:
    counts = ", ".join(
        f"{table.printable(policy)} {clean} of {total}"
        for policy, (clean, total) in table.clean_counts(experiment.cells).items()
    )
    yield Text.assemble(("Clean cells: ", _HEADING), counts)
    late_ms = max(cell.late_ms for cell in experiment.cells)
    yield Text(
        f"{table.plural(len(experiment.cells), 'cell')} in {table.seconds(experiment.took_s)}; "
        f"the load generator was at most {table.ms(late_ms)} ms late (p99 of a cell)."
    )
    for name, why in experiment.left_out.items():
        yield Text(f"Left out: {table.printable(name)} ({table.printable(why)})", overflow="fold")
    folder = table.recordings(experiment.cells)
    if folder:
        yield Text(f"Recordings: {table.printable(folder)}", overflow="fold")
