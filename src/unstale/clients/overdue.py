"""Connections whose answer is overdue: they are cut under a safe request, which is then repeated elsewhere.

A server that vanished says nothing, and behind a sidecar the kernel's own time-outs do not see it either: the near end
of the connection is alive. What makes the silence suspicious is that its address has left DNS or failed others; or that
it says nothing on any other connection either, for longer than it was ever known to take: a firewall that forgets the
address swallows every answer under way, and then there is nobody else whose failure would tell.
"""

from __future__ import annotations

import math
import os
import threading
import weakref
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from unstale.clients.policy import Retirement
from unstale.clients.tracked import Tracked

if TYPE_CHECKING:
    from unstale.clients.ledger import Ledger

LOOK_EVERY_S = 1.0


def cut_overdue(connections: list[Tracked]) -> None:
    """Cut those that still wait for the answer to a safe request."""
    for tracked in connections:
        if tracked.may_be_cut:
            tracked.cut()


def silent(connections: Collection[Tracked], now: float, limit_s: float) -> list[Tracked]:
    """Those of one host's that wait in vain for the answer to a safe request, on a connection that served before."""
    heard: dict[str, float] = {}
    for one in connections:
        heard[one.address] = max(heard.get(one.address, -math.inf), one.heard_at)
    return [
        one
        for one in connections
        if one.may_be_cut
        and one.was_reused
        and now - one.claimed_at >= limit_s
        and heard[one.address] <= one.claimed_at
    ]


def in_time(seconds: float, do: Callable[[], None]) -> None:
    """Do it so many seconds from now, unless the program ends before."""
    timer = threading.Timer(seconds, do)
    timer.daemon = True
    timer.start()


class SilenceWatch:
    """Looks now and then, as long as requests are sent or wait, whether an address answers nobody any more."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._seen = 0
        overdue_s = ledger.policy.overdue_s
        self._every_s = min(LOOK_EVERY_S, (overdue_s or 0.0) / 4)
        self.is_on = overdue_s is None
        _watches.add(self)

    def forget(self) -> None:
        """Nobody looks any more: a fork has no timers."""
        self.is_on = self._ledger.policy.overdue_s is None

    def begin(self) -> None:
        """A request was sent while nobody looked."""
        self.is_on = True
        self._seen = self._ledger.requests
        self._ledger.later(self._every_s, self.look)

    def look(self) -> None:
        """Retire and cut the connections that wait in vain."""
        ledger = self._ledger
        now, in_use = ledger.clock(), ledger.in_use()
        for state, connections in in_use:
            vain = silent(connections, now, ledger.policy.longest_silence_s(state.slowest_s))
            for one in vain:
                ledger.retire(one, Retirement.SILENT)
            cut_overdue(vain)
        if ledger.requests != self._seen or any(one.may_be_cut for _, its in in_use for one in its):
            self.begin()
        else:
            self.is_on = False


_watches: weakref.WeakSet[SilenceWatch] = weakref.WeakSet()


def _forget_all() -> None:
    for watch in _watches:
        watch.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
