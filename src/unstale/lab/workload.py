"""What a workload is: when requests are due, and what each asks of the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What a schedule follows: requests a second, seconds of load, connections, and the pause in seconds after which
    idle time-outs strike.
    """

    rate: float
    duration_s: float
    connections: int
    pause_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """`due` gives the seconds after the start at which requests are due, in order, for a pace.

    `takes_s` is how long the server works on each; `body_bytes` the size of what a POST, PUT or PATCH carries.
    """

    due: Callable[[Pace], Iterator[float]]
    takes_s: float = 0.0
    body_bytes: int = 13


def evenly(pace: Pace) -> Iterator[float]:
    """`rate` a second for the whole duration."""
    for number in range(round(pace.rate * pace.duration_s)):
        yield number / pace.rate


def in_groups(pace: Pace, *, every_s: float, size: int) -> Iterator[float]:
    """`size` requests at once every so many seconds, the first at the start."""
    for group in range(max(1, round(pace.duration_s / every_s))):
        for _ in range(size):
            yield group * every_s
