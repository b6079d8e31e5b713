"""What the ledger keeps of one connection and of one host."""

from __future__ import annotations

import math
from collections.abc import Callable

from unstale.clients.policy import Retirement


class Tracked:
    """One connection: `use_until` is the first moment at which it takes no request any more."""

    __slots__ = (
        "address", "expires_at", "host", "idle_since", "is_listed", "opened_at", "requests", "retired", "shut",
        "state", "streams", "use_until", "was_idle_s",
    )  # fmt: skip

    def __init__(
        self,
        host: str,
        address: str,
        state: Host,
        *,
        opened_at: float,
        expires_at: float,
        is_listed: bool,
        shut: Callable[[], None],
    ) -> None:
        self.host = host
        self.address = address
        self.state = state
        self.opened_at = opened_at
        self.expires_at = expires_at
        self.is_listed = is_listed
        self.shut = shut
        self.use_until = math.inf
        self.idle_since = opened_at
        self.was_idle_s = 0.0
        self.streams = 0
        self.requests = 0
        self.retired: Retirement | None = None

    @property
    def is_telling(self) -> bool:
        """True if the head of this answer is worth reading: a server announces the same limit on every one."""
        return self.requests == 1 or bool(self.state.suspects)

    @property
    def was_reused(self) -> bool:
        """True if the request that it carries is not its first."""
        return self.requests > 1


class Host:
    """What the ledger learnt of one host."""

    __slots__ = (
        "announced_s",
        "idle_limit_s",
        "keep_alive",
        "observed_at",
        "observed_s",
        "suspects",
        "tracked",
        "was_good",
    )

    def __init__(self, idle_limit_s: float) -> None:
        self.idle_limit_s = idle_limit_s
        self.keep_alive: str | None = None
        self.announced_s: float | None = None
        self.observed_s: float | None = None
        self.observed_at = -math.inf
        self.suspects: dict[str, float] = {}
        self.tracked: set[Tracked] = set()
        self.was_good = False
