"""The book of one transport's connections: which are open, idle, retired, and how their hosts behaved.

The libraries keep their own pools; this book only answers their questions, `claim` before a request and `release` after
it. Both are atomic, so a connection that DNS retires in another thread is either still idle, and is shut, or already
claimed, and ends its request first.
"""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable

from unstale.clients.counts import Counts
from unstale.clients.dns import Resolver
from unstale.clients.events import AddressesChanged, ConnectionOpened, ConnectionRetired, Event, Listener, Metrics
from unstale.clients.hosts import Hosts
from unstale.clients.overdue import SilenceWatch, cut_overdue, in_time
from unstale.clients.policy import Policy, Retirement, announced_idle_s, observed_idle_s
from unstale.clients.tracked import Tracked

# A host in use tells the resolver so, and asks whether its answer still holds, this often and not for every request.
LOOK_EVERY_S = 0.5

logger = logging.getLogger("unstale.clients")


class Ledger(Hosts):
    """Safe for threads; calls `shut` of connections and the listener without its lock."""

    def __init__(
        self,
        policy: Policy | None = None,
        resolver: Resolver | None = None,
        listener: Listener | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        spread: Callable[[], float] = random.random,
        later: Callable[[float, Callable[[], None]], None] | None = None,
    ) -> None:
        super().__init__(policy or Policy(), clock)
        self.resolver = resolver or Resolver()
        self.listener = listener
        self.spread = spread
        self.later = later or in_time
        self.tokens = self._most_tokens = self.policy.repeat_burst
        self._counts = Counts()
        self.silence = SilenceWatch(self)
        self.resolver.watch(self.addresses_changed)

    def opened(self, host: str, address: str, shut: Callable[[], bool], took_s: float = 0.0) -> Tracked:
        """Book a new connection.

        `shut` may be called from any thread and ends it if it is idle; True if that is done at once, False if it is on
        its way, and `closed` will be called.
        """
        now = self.clock()
        listed = self.resolver.listed(host)
        is_listed = not listed or address in listed
        expires_at = self.policy.expires_at(now, self.spread()) if is_listed else -math.inf
        with self._lock:
            state = self._host(host)
            tracked = Tracked(
                host, address, state, opened_at=now, expires_at=expires_at, is_listed=is_listed, shut=shut
            )
            state.tracked.add(tracked)
            state.observed_s = observed_idle_s(state.observed_s, state.observed_at, 0.0, now)
            state.limit_idle(self.policy)
            self._counts.count_opened(address)
        self.tell(ConnectionOpened(host=host, address=address, took_s=took_s))
        return tracked

    def may_carry(self, tracked: Tracked) -> bool:
        """True if `claim` would succeed now; nothing is booked."""
        return tracked.may_carry(self.clock())

    def needs_look_up(self, tracked: Tracked) -> bool:
        """True if the connection's host has to be looked up before the connection is used."""
        now = self.clock()
        state = tracked.state
        if now < state.look_at:
            return False
        needs = self.resolver.needs_look_up(tracked.host)
        state.look_at = -math.inf if needs else min(now + LOOK_EVERY_S, self.resolver.expires_at(tracked.host))
        return needs

    def claim(self, tracked: Tracked, *, is_shared: bool = False) -> bool:
        """Take the connection for one request.

        False if another request has it and it is not `is_shared`, or if it may carry none; then it is retired.
        """
        now = self.clock()
        with self._lock:
            if tracked.streams and not is_shared:
                return False
            # `Tracked.may_carry` and `_count`, written out: this is done for every request.
            if is_usable := now < tracked.use_until and (
                tracked.streams > 0 or now < tracked.idle_since + tracked.state.idle_limit_s
            ):
                tracked.claimed_at = now
                tracked.streams += 1
                tracked.requests += 1
                self._counts.requests += 1
                if tracked.is_counted:
                    self._count(tracked)
                if self.tokens < self._most_tokens:
                    self.tokens = self.policy.earn(self.tokens)
        if not is_usable:
            self.retire(tracked, self._why(tracked, now))
        elif not self.silence.is_on:
            self.silence.begin()
        return is_usable

    def claim_idle(self, tracked: Tracked, idle_since: float, *, is_looked_up: bool = False) -> bool | None:
        """As `claim`, for a pool in one event loop, which knows itself what idles, and since when.

        None if the host has to be looked up first, unless it `is_looked_up`. There is no `release`.
        """
        now = self.clock()
        state = tracked.state
        if now >= state.look_at and not is_looked_up and self.needs_look_up(tracked):
            return None
        tracked.idle_since = idle_since
        if now >= tracked.use_until or now >= idle_since + state.idle_limit_s:
            self.retire(tracked, self._why(tracked, now))
            return False
        tracked.claimed_at = now
        tracked.requests += 1
        self._counts.requests += 1
        if tracked.is_counted:
            self._count(tracked)
        if self.tokens < self._most_tokens:
            self.tokens = self.policy.earn(self.tokens)
        if not self.silence.is_on:
            self.silence.begin()
        return True

    def join(self, tracked: Tracked) -> None:
        """One more request got onto the connection while it was being opened."""
        with self._lock:
            tracked.streams += 1
            tracked.requests += 1
            self._counts.requests += 1
            self._count(tracked)

    def release(self, tracked: Tracked) -> bool:
        """The request is over; True if the connection may stay open, else it is retired."""
        now = self.clock()
        with self._lock:
            tracked.streams -= 1
            if tracked.streams:
                return True
            tracked.idle_since = now
            if now < tracked.use_until and tracked.state.idle_limit_s > 0:
                return True
        self.retire(tracked, self._why(tracked, now))
        return False

    def answered(self, tracked: Tracked, keep_alive: str | None) -> None:
        """The head of an answer came; `keep_alive` is its Keep-Alive header."""
        state = tracked.state
        state.was_good = True
        now = self.clock()
        state.took(now - tracked.claimed_at, now)
        if state.suspects:
            with self._lock:
                state.mark((), now, self.policy)
                state.good_at[tracked.address] = tracked.claimed_at
                state.suspects.pop(tracked.address, None)
        if keep_alive is not None and keep_alive != state.keep_alive:
            with self._lock:
                state.keep_alive = keep_alive
                state.announced_s = announced_idle_s(keep_alive)
                state.limit_idle(self.policy)

    def closed_by_peer(self, tracked: Tracked) -> None:
        """The connection was found closed while idle, or failed when it was taken up again."""
        if tracked.retired is not None:
            return
        now = self.clock()
        idle_s = (tracked.claimed_at if tracked.streams else now) - tracked.idle_since
        with self._lock:
            state = tracked.state
            state.observed_s = observed_idle_s(state.observed_s, state.observed_at, idle_s, now)
            state.observed_at = now
            state.limit_idle(self.policy)
        self.retire(tracked, Retirement.CLOSED_BY_PEER)

    def retire(self, tracked: Tracked, reason: Retirement) -> bool:
        """Take no further request on it. The caller closes it once it is idle; False, and nothing, a second time."""
        with self._lock:
            if tracked.retired is not None:
                return False
            tracked.retired = reason
            if tracked.requests:
                tracked.use_until = -math.inf
            self._counts.retired[reason] += 1
            idle_since = math.inf if tracked.streams else tracked.idle_since
        now = self.clock()
        self.tell(
            ConnectionRetired(
                host=tracked.host,
                address=tracked.address,
                reason=reason,
                age_s=now - tracked.opened_at,
                idle_s=max(0.0, now - idle_since),
                requests=tracked.requests,
            )
        )
        return True

    def closed(self, tracked: Tracked) -> None:
        """The connection is gone, for whatever reason; a second time does nothing."""
        now = self.clock()
        with self._lock:
            tracked.state.tracked.discard(tracked)
        if tracked.retired is None and not tracked.may_carry(now):
            self.retire(tracked, self._why(tracked, now))

    def suspect(self, host: str, address: str) -> None:
        """The address failed: it is tried last for a while, and its idle connections are retired and shut."""
        now = self.clock()
        with self._lock:
            state = self._host(host)
            state.mark((address,), now, self.policy)
            same = [tracked for tracked in state.tracked if tracked.address == address]
        self._retire_all(same, Retirement.SUSPECT)

    def distrust(self, host: str, moment: float) -> None:
        """A request was cut at `moment` and has one repeat left: retire and shut what idles since before.

        Whatever cut it may have taken those too, unheard, at other addresses as well.
        """
        with self._lock:
            state = self._host(host)
            old = [one for one in state.tracked if one.requests and not one.streams and one.claimed_at < moment]
        self._retire_all(old, Retirement.SUSPECT)

    def addresses_changed(self, host: str, before: tuple[str, ...], after: tuple[str, ...]) -> None:
        """DNS gave another answer: connections to addresses that left take no new request; idle ones are shut."""
        with self._lock:
            state = self._hosts.get(host)
            gone = [tracked for tracked in state.tracked if tracked.address not in after] if state is not None else []
            for tracked in gone:
                tracked.is_listed = False
        if state is not None:
            self.tell(AddressesChanged(host=host, before=before, after=after))
            self._retire_all(gone, Retirement.LEFT_DNS)

    def spend(self) -> None:
        """One repeat is made."""
        with self._lock:
            self.tokens -= 1
            self._counts.repeats += 1

    def tell(self, event: Event) -> None:
        if isinstance(event, ConnectionRetired):
            logger.info("%s", event)
        elif not isinstance(event, ConnectionOpened):
            logger.debug("%s", event)
        if self.listener is not None:
            self.listener(event)

    @property
    def requests(self) -> int:
        """How many were sent so far."""
        return self._counts.requests

    @property
    def metrics(self) -> Metrics:
        with self._lock:
            return self._counts.metrics(one.address for state in self._hosts.values() for one in state.tracked)

    def _retire_all(self, connections: list[Tracked], reason: Retirement) -> None:
        busy = []
        for tracked in connections:
            is_new = self.retire(tracked, reason)
            with self._lock:
                is_idle = not tracked.streams
            # No claim can succeed any more, so what is idle now stays idle. A connection just opened is not: its first
            # request is on the way, and only `requests` tells it from one that has served.
            if is_idle and tracked.requests and tracked.shut():
                self.closed(tracked)
            elif is_new and tracked.may_be_cut:
                busy.append(tracked)
        if busy and self.policy.overdue_s is not None:
            self.later(self.policy.overdue_s, lambda: cut_overdue(busy))

    def _count(self, tracked: Tracked) -> None:
        # The request that a connection was opened for goes through even if the connection is too old from the start.
        is_over = tracked.retired is not None or self.policy.is_last(tracked.requests)
        tracked.use_until = -math.inf if is_over else tracked.expires_at
        tracked.is_counted = self.policy.max_requests is not None

    def _why(self, tracked: Tracked, now: float) -> Retirement:
        if not tracked.is_listed:
            return Retirement.LEFT_DNS
        return self.policy.why_retired(now=now, expires_at=tracked.expires_at, requests=tracked.requests)
