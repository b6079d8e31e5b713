"""What the ledger keeps of one connection and of one host."""

from __future__ import annotations

import math
from collections.abc import Callable

from unstale.clients.policy import Policy, Retirement


class Tracked:
    """One connection. From `use_until` on it takes no request any more, however lately it was used.

    `idle_since` is infinite until its first request has ended, `claimed_at` is when its last request took it.
    `cut` ends it under its request, `may_be_cut` says that it carries a safe one whose answer has not begun.
    `is_counted` says that the number of its requests matters for the next one.
    """

    __slots__ = (
        "address", "claimed_at", "cut", "expires_at", "host", "idle_since", "is_counted", "is_listed", "may_be_cut",
        "opened_at", "requests", "retired", "shut", "state", "streams", "use_until",
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
        shut: Callable[[], bool],
    ) -> None:
        self.host = host
        self.address = address
        self.state = state
        self.opened_at = opened_at
        self.expires_at = expires_at
        self.is_listed = is_listed
        self.shut = shut
        self.cut: Callable[[], object] = shut
        self.may_be_cut = False
        self.use_until = math.inf
        self.idle_since = math.inf
        self.claimed_at = opened_at
        self.is_counted = True
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
    """What the ledger learnt of one host.

    `look_at` is when the resolver has to be asked again whether the answer still holds. `good_at` is, by address and
    while any is suspect, when the last request was sent that was answered.
    """

    __slots__ = (
        "announced_s",
        "good_at",
        "idle_limit_s",
        "keep_alive",
        "look_at",
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
        self.good_at: dict[str, float] = {}
        self.look_at = -math.inf
        self.tracked: set[Tracked] = set()
        self.was_good = False

    def mark(self, failed: tuple[str, ...], now: float, policy: Policy) -> None:
        """Addresses failed; those whose time of suspicion is over are forgotten."""
        lately = {one: at for one, at in self.suspects.items() if policy.is_suspect(at, now)}
        self.suspects = {**lately, **dict.fromkeys(failed, now)}
        self.good_at = {one: at for one, at in self.good_at.items() if policy.is_suspect(at, now)}

    def suspects_at(self, now: float, policy: Policy) -> frozenset[str]:
        """The addresses that failed lately."""
        return frozenset(one for one, at in self.suspects.copy().items() if policy.is_suspect(at, now))
