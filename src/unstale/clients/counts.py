"""The counts behind `Metrics`: bounded, although addresses come and go for as long as a transport lives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from unstale.clients.events import Metrics
from unstale.clients.policy import Retirement

# Past so many addresses the one opened first is counted under OTHERS.
MANY_ADDRESSES = 256
OTHERS = "others"


class Counts:
    """Not safe for threads by itself."""

    __slots__ = ("opened", "repeats", "requests", "retired")

    def __init__(self) -> None:
        self.requests = 0
        self.repeats = 0
        self.opened: Counter[str] = Counter()
        self.retired: Counter[Retirement] = Counter()

    def count_opened(self, address: str) -> None:
        """One more connection to `address`."""
        if address not in self.opened and len(self.opened) > MANY_ADDRESSES:
            oldest = next(one for one in self.opened if one != OTHERS)
            self.opened[OTHERS] += self.opened.pop(oldest)
        self.opened[address] += 1

    def metrics(self, open_addresses: Iterable[str]) -> Metrics:
        """The counts as they are now, with the connections that are open."""
        return Metrics(
            requests=self.requests,
            repeats=self.repeats,
            open=dict(Counter(open_addresses)),
            opened=dict(self.opened),
            retired=dict(self.retired),
        )
