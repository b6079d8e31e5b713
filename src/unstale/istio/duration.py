"""Durations as Istio's API writes them: Go's notation, kept in whole nanoseconds.

Floats would turn `0.1s` into something that does not render back to the same text, so the value stays an
integer. Grammar and range are those of Go's `time.ParseDuration`; the rendering is protobuf's JSON mapping.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_UNIT_NANOS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_LIMIT = 1 << 63


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A span of time, negative ones included."""

    nanos: int

    @property
    def seconds(self) -> float:
        """The same in seconds; exact below 104 days, good to a microsecond above."""
        return self.nanos / 1_000_000_000

    @property
    def protobuf(self) -> str:
        """Protobuf's JSON form: `2s`, `0.100s`, `-1.500s`; 0, 3, 6 or 9 digits after the point."""
        whole, rest = divmod(abs(self.nanos), 1_000_000_000)
        sign = "-" if self.nanos < 0 else ""
        if not rest:
            return f"{sign}{whole}s"
        digits = f"{rest:09d}"
        while digits.endswith("000"):
            digits = digits[:-3]
        return f"{sign}{whole}.{digits}s"

    def __str__(self) -> str:
        return self.protobuf

    @staticmethod
    def parse(text: str) -> Duration:
        """Read Go's notation: `1h30m`, `1.5s`, `100ms`, `-2s`, `0`.

        Raises ValueError, its text being what is wrong, when a number or a unit is missing or the value does not
        fit into 64 bits of nanoseconds.
        """
        return _parsed(text)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Duration:
    """Few texts are written again and again."""
    return Duration(nanos=_nanos(text))


def _nanos(text: str) -> int:
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return 0
    if not rest:
        raise ValueError("is empty")
    total, at = 0, 0
    while at < len(rest):
        part = _PART.match(rest, at)
        if part is None or not (part[1] or part[2]):
            raise ValueError(_fault(rest[at:]))
        total += _part_nanos(part[1], part[2] or "", _UNIT_NANOS[part[3]])
        at = part.end()
    negative = text.startswith("-")
    if total > (_LIMIT if negative else _LIMIT - 1):
        raise ValueError("is out of range")
    return -total if negative else total


def _part_nanos(whole: str, fraction: str, unit: int) -> int:
    if len(whole.lstrip("0")) > 19:
        raise ValueError("is out of range")
    fraction = fraction[:18]
    scale = int("1" + "0" * len(fraction))
    return int(whole or "0") * unit + int(fraction or "0") * unit // scale


def _fault(rest: str) -> str:
    number = re.match(r"[0-9]*\.?[0-9]*", rest, re.ASCII)
    if number is None or number[0] in ("", "."):
        return "is no duration"
    return "has no unit" if number[0] == rest else "has an unknown unit"
