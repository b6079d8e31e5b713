"""A cell's latencies as a small picture: how many requests ended well within which time."""

from __future__ import annotations

import math
from html import escape

from unstale.model.experiment import Cell
from unstale.report import table

WIDTH, HEIGHT = 560, 104
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 8, 16, 22
_LEAST = 2.0
"""Pixels that the smallest column gets: one slow request among thousands must be seen."""


def picture(cell: Cell, *, ident: str) -> str:
    """The histogram as an `<svg>` element for a page that has the timelines' style; "" where nothing ended well."""
    total = sum(count for _, count in cell.histogram)
    if not total:
        return ""
    step = (WIDTH - _LEFT - _RIGHT) / len(cell.histogram)
    most = max(count for _, count in cell.histogram)
    columns = "".join(
        _column(number, limit_ms, count, step, most) for number, (limit_ms, count) in enumerate(cell.histogram)
    )
    return (
        f'<svg class="tl hist" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{ident}-ht {ident}-hd" '
        f'xmlns="http://www.w3.org/2000/svg"><title id="{ident}-ht">{escape(table.printable(_title(cell)))}</title>'
        f'<desc id="{ident}-hd">{escape(_description(cell))}</desc>{columns}</svg>'
    )


def _column(number: int, limit_ms: float, count: int, step: float, most: int) -> str:
    x, floor = _LEFT + number * step, HEIGHT - _BOTTOM
    middle = f"{x + step / 2:.1f}"
    label = f'<text class="tl-mid" x="{middle}" y="{HEIGHT - 7}">{_tick(limit_ms)}</text>'
    if not count:
        return label
    height = max(_LEAST, (floor - _TOP) * count / most)
    return (
        f'<rect class="tl-ok" x="{x + 2:.1f}" y="{floor - height:.1f}" width="{step - 4:.1f}" height="{height:.1f}"/>'
        f'<text class="tl-mid" x="{middle}" y="{floor - height - 4:.1f}">{table.count(count)}</text>{label}'
    )


def _limit(limit_ms: float) -> str:
    if math.isinf(limit_ms):
        return "more"
    return f"{limit_ms:g} ms" if limit_ms < 1000 else f"{limit_ms / 1000:g} s"


def _tick(limit_ms: float) -> str:
    """The limit without a unit where it is in milliseconds: thirteen of them stand beside each other."""
    return f"{limit_ms:g}" if limit_ms < 1000 else _limit(limit_ms)


def _title(cell: Cell) -> str:
    return f"Latencies of {cell.scenario}, {cell.policy}, {cell.method}"


def _description(cell: Cell) -> str:
    parts = (
        f"{table.count(count)} {'above all limits' if math.isinf(limit) else f'within {_limit(limit)}'}"
        for limit, count in cell.histogram
        if count
    )
    return f"Requests that ended well: {', '.join(parts)}."
