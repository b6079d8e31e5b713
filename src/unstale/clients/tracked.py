"""What the ledger keeps of one connection and of one host."""

from __future__ import annotations

import math
from collections.abc import Callable

from unstale.clients.policy import OBSERVATION_LASTS_S, Policy, Retirement


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

    def may_carry(self, now: float) -> bool:
        """True if it may take a request now."""
        return now < self.use_until and (self.streams > 0 or now < self.idle_since + self.state.idle_limit_s)

    @property
    def heard_at(self) -> float:
        """When the server is known to have answered on it last."""
        ended = -math.inf if self.idle_since == math.inf else self.idle_since
        # Where a pool does not tell when a request ends, its answer has begun if it may not be cut any more.
        is_busy = self.streams > 0 or self.may_be_cut
        return ended if is_busy or not self.requests else max(ended, self.claimed_at)

    @property
    def was_reused(self) -> bool:
        """True if the request that it carries is not its first."""
        return self.requests > 1


class Host:
    """What the ledger learnt of one host.

    `look_at` is when the resolver has to be asked again whether the answer still holds. `good_at` is, by address and
    while any is suspect, when the last request was sent that was answered. `slowest_s` is the longest that an answer
    took of those that were looked at, `slowest_at` when that was.
    """

    __slots__ = (
        "announced_s",
        "good_at",
        "idle_limit_s",
        "keep_alive",
        "look_at",
        "observed_at",
        "observed_s",
        "slowest_at",
        "slowest_s",
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
        self.slowest_s = 0.0
        self.slowest_at = -math.inf
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

    def limit_idle(self, policy: Policy) -> None:
        """From what is known of the server's own limit."""
        self.idle_limit_s = policy.idle_limit_s(self.announced_s, self.observed_s)

    def took(self, seconds: float, now: float) -> None:
        """So long took an answer; what was slower stands for some minutes."""
        if seconds >= self.slowest_s or now >= self.slowest_at + OBSERVATION_LASTS_S:
            self.slowest_s, self.slowest_at = seconds, now

    def suspects_at(self, now: float, policy: Policy) -> frozenset[str]:
        """The addresses that failed lately."""
        return frozenset(one for one, at in self.suspects.copy().items() if policy.is_suspect(at, now))
