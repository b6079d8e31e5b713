"""Rows of text under each other."""

from __future__ import annotations

from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]], *, least_gap: int = 3, widest: int = 72) -> str:
    """Every column as wide as its longest text, but no text wider than `widest` moves the others; ends in a newline."""
    if not rows:
        return ""
    count = max(map(len, rows))
    widths = [
        max((len(row[at]) for row in rows if at < len(row) and len(row[at]) <= widest), default=0)
        for at in range(count)
    ]
    lines = (
        (" " * least_gap).join(text.ljust(width) for text, width in zip(row, widths, strict=False)).rstrip()
        for row in rows
    )
    return "\n".join(lines) + "\n"
