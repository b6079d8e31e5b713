"""Requests on which the server works for five seconds, so that whatever happens strikes in the middle of them.

As many are due as the connections can carry. A cap on a connection's age, or a drain that is too short, cuts them.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lab.workload import Pace, Workload

TAKES_S = 5.0


def _due(pace: Pace) -> Iterator[float]:
    step_s = 1.25 * TAKES_S / pace.connections
    for number in range(max(1, round(pace.duration_s / step_s))):
        yield number * step_s


WORKLOAD = Workload(due=_due, takes_s=TAKES_S)
