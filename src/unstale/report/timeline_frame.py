"""The frame of a timeline picture: which second and which rate lie where, and where the axes have ticks.

Successes grow upwards from the zero line and failures downwards, to one scale, so that place tells them apart and
not colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

from unstale.model.experiment import Cell

LANE = 16
"""Height of one row of labels, pixels."""

LEFT, RIGHT = 38, 10
PLOT = 132
BELOW = 40
_PIXELS_A_BIN = 4
_STEPS = (1.0, 2.0, 5.0)
_TIME_STEPS = (0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Rates over one slice of time, requests a second."""

    start_s: float
    end_s: float
    ok: float
    failed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """`lanes` rows of labels above a plot from 0 to `end_s`, up to `max_ok` and down to `max_failed` requests/s."""

    width: int
    lanes: int
    end_s: float
    max_ok: float
    max_failed: float

    @property
    def top(self) -> float:
        """Where the plot begins, below the labels."""
        return self.lanes * LANE + 8

    @property
    def bottom(self) -> float:
        """Where the plot ends."""
        return self.top + PLOT

    @property
    def height(self) -> float:
        """Of the whole picture."""
        return self.bottom + BELOW

    @property
    def right(self) -> float:
        """Where the plot ends on the right."""
        return self.width - RIGHT

    @property
    def zero(self) -> float:
        """The zero line."""
        return self.top + self.max_ok * self._scale

    @property
    def _scale(self) -> float:
        return PLOT / ((self.max_ok + self.max_failed) or 1.0)

    def x(self, at_s: float) -> float:
        """Where a moment lies."""
        return LEFT + (self.right - LEFT) * at_s / self.end_s

    def y(self, rate: float) -> float:
        """Where a rate of successes lies; failures are negative. Never nearer to zero than 3 pixels, unless zero."""
        length = abs(rate) * self._scale
        return self.zero - math.copysign(max(length, 3.0) if rate else 0.0, rate)

    def seconds(self) -> list[float]:
        """Ticks of the time axis."""
        room = max(2.0, (self.right - LEFT) / 48)
        step = next((step for step in _TIME_STEPS if self.end_s / step <= room), nice_step(self.end_s, room))
        return _ticks(step, self.end_s)

    def rates(self) -> list[float]:
        """Ticks of the rate axis, failures negative."""
        step = nice_step(self.max_ok + self.max_failed, 5)
        if not step:
            return [0.0]
        failed = [-tick for tick in _ticks(step, self.max_failed) if tick]
        return [*reversed(failed), *_ticks(step, self.max_ok)]


def frame_of(cells: Iterable[Cell], *, width: int) -> Frame:
    """The frame that all the cells fit into, without room for labels."""
    told = tuple(cells)
    all_slices = [piece for cell in told for piece in slices(cell, width)]
    end_s = max((piece.end_s for piece in all_slices), default=0.0)
    return Frame(
        width=width,
        lanes=0,
        end_s=max([end_s, *(event.at_s for cell in told for event in cell.events)]) or 1.0,
        max_ok=max((piece.ok for piece in all_slices), default=0.0),
        max_failed=max((piece.failed for piece in all_slices), default=0.0),
    )


def slices(cell: Cell, width: int) -> list[Slice]:
    """The cell's buckets as rates, joined so that none is narrower than a few pixels; gaps are slices of zero."""
    if not cell.timeline or cell.bucket_s <= 0:
        return []
    begin_s = min(0.0, cell.timeline[0].start_s)
    total = round((cell.timeline[-1].start_s - begin_s) / cell.bucket_s) + 1
    joined = max(1, math.ceil(total * _PIXELS_A_BIN / width))
    size_s = joined * cell.bucket_s
    ok = [0] * math.ceil(total / joined)
    failed = list(ok)
    for bucket in cell.timeline:
        at = min(len(ok) - 1, max(0, round((bucket.start_s - begin_s) / cell.bucket_s) // joined))
        ok[at] += bucket.ok
        failed[at] += bucket.failed
    return [
        Slice(
            start_s=begin_s + number * size_s,
            end_s=begin_s + (number + 1) * size_s,
            ok=ok[number] / size_s,
            failed=failed[number] / size_s,
        )
        for number in range(len(ok))
    ]


def nice_step(span: float, most: float) -> float:
    """The smallest of 1, 2, 5, 10, 20 .. that parts `span` into at most `most` steps; 0 for no span."""
    if span <= 0:
        return 0.0
    magnitude: float = 10 ** math.floor(math.log10(span / most))
    return next(step * magnitude for step in (*_STEPS, 10.0) if span / (step * magnitude) <= most)


def _ticks(step: float, end: float) -> list[float]:
    ticks = (round(number * step, 6) for number in range(1000))
    return list(takewhile(lambda tick: tick <= end + step / 1000, ticks))
