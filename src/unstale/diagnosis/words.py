"""How figures are written in evidence: times with their unit, numbers of things."""

from __future__ import annotations

from collections.abc import Sequence

_NAMED = 3


def duration(ms: float) -> str:
    """`3 ms`, `1.5 s`, `2 min`, `6 h`, `9 days`."""
    if ms < 1000:
        return f"{ms:.0f} ms"
    seconds = ms / 1000
    if seconds < 120:
        return f"{seconds:.3g} s"
    if seconds < 7200:
        return f"{seconds / 60:.3g} min"
    return f"{seconds / 3600:.3g} h" if seconds < 172_800 else f"{seconds / 86_400:,.0f} days"


def plural(count: int, noun: str) -> str:
    """`1 request`, `2 requests`, `3 addresses`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun}{'es' if noun.endswith('s') else 's'}"


def listed(names: Sequence[str]) -> str:
    """The first few of them."""
    more = len(names) - _NAMED
    text = ", ".join(names[:_NAMED])
    return f"{text} and {more} more" if more > 0 else text


def part(count: int, total: int) -> str:
    """`all 8`, `3 of 8`."""
    return f"all {total}" if count == total and total > 1 else f"{count} of {total}"
