"""Connections whose answer is overdue: they are cut under a safe request, which is then repeated elsewhere.

A server that vanished says nothing, and behind a sidecar the kernel's own time-outs do not see it either: the near end
of the connection is alive. That its address has left DNS, or failed others, is what makes the silence suspicious.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from unstale.clients.tracked import Tracked


def cut_overdue(connections: list[Tracked]) -> None:
    """Cut those that still wait for the answer to a safe request."""
    for tracked in connections:
        if tracked.may_be_cut:
            tracked.cut()


def in_time(seconds: float, do: Callable[[], None]) -> None:
    """Do it so many seconds from now, unless the program ends before."""
    timer = threading.Timer(seconds, do)
    timer.daemon = True
    timer.start()
