"""A cell's timeline as SVG: successes and failures a second, and the moments at which the world changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape
from importlib.resources import files

from unstale.model.experiment import Cell
from unstale.report import table, timeline_labels
from unstale.report.timeline_frame import LANE, LEFT, Frame, Slice, frame_of, slices
from unstale.report.timeline_labels import Label, sentence

WIDE, NARROW = 560, 350
"""Widths of the picture on a desk and on a phone, pixels at which its text has its natural size."""

_STANDALONE = 1000
_MARGIN = 20
_GUTTER = 28
_HEADER = 54
_EVENTS_TOLD = 8


def style() -> str:
    """The style sheet of the pictures, light and dark."""
    return files("unstale.report").joinpath("timeline.css").read_text(encoding="utf-8")


def picture(cell: Cell, *, ident: str, width: int = WIDE) -> str:
    """The cell's timeline as an `<svg>` element for a page that has `style()`; `ident` is unique in the page."""
    frame = frame_of([cell], width=width)
    labels = timeline_labels.place(cell.events, frame)
    frame = replace(frame, lanes=timeline_labels.lanes(labels))
    return (
        f'<svg class="tl" viewBox="0 0 {width} {_n(frame.height)}" role="img" '
        f'aria-labelledby="{ident}-t {ident}-d" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{ident}-t">{_text(_title(cell))}</title><desc id="{ident}-d">{_text(_description(cell))}</desc>'
        f"{_plot(cell, frame, labels)}</svg>"
    )


def standalone(cells: Sequence[Cell]) -> str:
    """A file of its own with a few cells side by side to one scale, with their figures above them."""
    columns = max(1, len(cells) if len(cells) <= 3 else 2)
    width = (_STANDALONE - 2 * _MARGIN - (columns - 1) * _GUTTER) // columns
    frame = frame_of(cells, width=width)
    labels = [timeline_labels.place(cell.events, frame) for cell in cells]
    frame = replace(frame, lanes=max(map(timeline_labels.lanes, labels), default=0))
    step = _HEADER + frame.height
    height = 2 * _MARGIN + step * -(-len(cells) // columns)
    panels = "".join(
        f'<g transform="translate({_MARGIN + number % columns * (width + _GUTTER)} '
        f'{_n(_MARGIN + number // columns * step)})">{_header(cell)}'
        f'<g transform="translate(0 {_HEADER})">{_plot(cell, frame, its_labels)}</g></g>'
        for number, (cell, its_labels) in enumerate(zip(cells, labels, strict=True))
    )
    return (
        f'<svg class="tl tl-alone" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_STANDALONE} {_n(height)}" '
        f'width="{_STANDALONE}" height="{_n(height)}" role="img" aria-labelledby="t d">'
        f'<title id="t">{_text("; ".join(map(_title, cells)))}</title>'
        f'<desc id="d">{_text(" ".join(map(_description, cells)))}</desc><style>{style()}</style>'
        f'<rect class="tl-page" width="100%" height="100%" rx="8"/>{panels}</svg>\n'
    )


def _plot(cell: Cell, frame: Frame, labels: Sequence[Label]) -> str:
    pieces = slices(cell, frame.width)
    if not pieces:
        middle = f'x="{_n((LEFT + frame.right) / 2)}" y="{_n((frame.top + frame.bottom) / 2)}"'
        return "".join((*_grid(frame), f'<text class="tl-mid" {middle}>no request ended</text>', *_legend(frame)))
    areas = (
        f'<path class="tl-ok" d="{_area(pieces, frame, is_failed=False)}"/>',
        f'<path class="tl-failed" d="{_area(pieces, frame, is_failed=True)}"/>',
    )
    lines = (_line(label, frame) for label in labels)
    return "".join((*_grid(frame), *areas, _zero(frame), *lines, *map(_words, labels), *_legend(frame)))


def _grid(frame: Frame) -> Iterator[str]:
    for rate in frame.rates():
        y = _n(frame.zero if rate == 0 else frame.y(rate))
        yield f'<path class="tl-grid" d="M{LEFT} {y}H{_n(frame.right)}"/>'
        yield f'<text class="tl-rate" x="{LEFT - 6}" y="{y}" dy=".35em">{table.per_second(abs(rate))}</text>'
    for at_s in frame.seconds():
        x = _n(frame.x(at_s))
        yield f'<path class="tl-tick" d="M{x} {_n(frame.bottom)}v4"/>'
        yield f'<text class="tl-mid" x="{x}" y="{_n(frame.bottom + 16)}">{at_s:g}</text>'


def _zero(frame: Frame) -> str:
    return f'<path class="tl-zero" d="M{LEFT} {_n(frame.zero)}H{_n(frame.right)}"/>'


def _area(pieces: Sequence[Slice], frame: Frame, *, is_failed: bool) -> str:
    path = [f"M{_n(frame.x(pieces[0].start_s))} {_n(frame.zero)}"]
    before = _n(frame.zero)
    for piece in pieces:
        y = _n(frame.y(-piece.failed if is_failed else piece.ok))
        if y != before:
            path.append(f"H{_n(frame.x(piece.start_s))}V{y}")
            before = y
    path.append(f"H{_n(frame.x(pieces[-1].end_s))}V{_n(frame.zero)}Z")
    return "".join(path)


def _line(label: Label, frame: Frame) -> str:
    x, y = _n(label.x), _n(frame.top if label.lane is None else _middle(label.lane))
    dot = "" if label.lane is None else f'<circle cx="{x}" cy="{y}" r="3"/>'
    return (
        f'<g class="tl-m tl-{label.actor.value.replace(" ", "-")}"><title>{_text(label.full)}</title>'
        f'<path d="M{x} {y}V{_n(frame.bottom)}"/>{dot}</g>'
    )


def _words(label: Label) -> str:
    if label.lane is None:
        return ""
    kind = "tl-what tl-end" if label.is_left else "tl-what"
    edge = label.end if label.is_left else label.start
    return f'<text class="{kind}" x="{_n(edge)}" y="{_n(_middle(label.lane))}" dy=".35em">{_text(label.text)}</text>'


def _middle(lane: int) -> float:
    return 4 + (lane + 0.5) * LANE


def _legend(frame: Frame) -> Iterator[str]:
    y = _n(frame.height - 5)
    box = _n(frame.height - 14)
    yield f'<rect class="tl-ok" x="{LEFT}" y="{box}" width="10" height="10"/>'
    yield f'<text x="{LEFT + 15}" y="{y}">succeeded</text>'
    yield f'<rect class="tl-failed" x="{LEFT + 84}" y="{box}" width="10" height="10"/>'
    yield f'<text x="{LEFT + 99}" y="{y}">failed, requests/s</text>'
    yield f'<text class="tl-end" x="{_n(frame.right)}" y="{y}">seconds</text>'


def _header(cell: Cell) -> str:
    failed = f"✗ {table.count(cell.failed)}" if cell.failed else "0"
    twice = f"↻ {table.count(cell.executed_twice)}" if cell.executed_twice else "0"
    sign = "✓ " if table.is_clean(cell) and cell.requests else ""
    return (
        f'<text class="tl-h" x="0" y="16">{_text(cell.scenario)}: {_text(cell.policy)}, {_text(cell.method)}</text>'
        f'<text x="0" y="36">{sign}<tspan class="{"tl-bad" if cell.failed else ""}">{failed}</tspan> '
        f"of {table.count(cell.requests)} failed, "
        f'<tspan class="{"tl-twice" if cell.executed_twice else ""}">{twice}</tspan> executed twice</text>'
    )


def _title(cell: Cell) -> str:
    return f"Requests over time: {cell.scenario}, {cell.policy}, {cell.method}"


def _description(cell: Cell) -> str:
    seen = [event for event in sorted(cell.events, key=lambda event: event.at_s) if event.at_s >= 0]
    told = "".join(f" At {event.at_s:.1f} s {sentence(event)}." for event in seen[:_EVENTS_TOLD])
    more = f" {len(seen) - _EVENTS_TOLD} more changes." if len(seen) > _EVENTS_TOLD else ""
    return f"{cell.sentence}{told}{more}"


def _text(text: str) -> str:
    return escape(table.printable(text))


def _n(value: float) -> str:
    return re.sub(r"\.?0+$", "", f"{value:.1f}")
