"""The book of one transport's connections: which are open, idle, retired, and how their hosts behaved.

The libraries keep their own pools; this book only answers their questions, `claim` before a request and `release` after
it. Both are atomic, so a connection that DNS retires in another thread is either still idle, and is shut, or already
claimed, and ends its request first.
"""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections import Counter
from collections.abc import Callable

from unstale.clients.dns import Resolver
from unstale.clients.events import AddressesChanged, ConnectionOpened, ConnectionRetired, Event, Listener, Metrics
from unstale.clients.policy import Policy, Retirement, announced_idle_s, in_order, observed_idle_s
from unstale.clients.tracked import Host, Tracked

# Past so many hosts those without a connection are forgotten.
MANY_HOSTS = 1000

logger = logging.getLogger("unstale.clients")


class Ledger:
    """Safe for threads; calls `shut` of connections and the listener without its lock."""

    def __init__(
        self,
        policy: Policy | None = None,
        resolver: Resolver | None = None,
        listener: Listener | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self.policy = policy or Policy()
        self.resolver = resolver or Resolver()
        self.listener = listener
        self.clock = clock
        self.spread = spread
        self.tokens = self.policy.repeat_burst
        self._lock = threading.Lock()
        self._hosts: dict[str, Host] = {}
        self._requests = 0
        self._repeats = 0
        self._opened: Counter[str] = Counter()
        self._retired: Counter[Retirement] = Counter()
        self.resolver.watch(self.addresses_changed)

    def opened(self, host: str, address: str, shut: Callable[[], None], took_s: float = 0.0) -> Tracked:
        """Book a new connection. `shut` ends it while it is idle and may be called from any thread."""
        now = self.clock()
        known = self.resolver.known(host)
        is_listed = not known or address in known
        expires_at = self.policy.expires_at(now, self.spread()) if is_listed else -math.inf
        with self._lock:
            if len(self._hosts) > MANY_HOSTS:
                self._hosts = {name: one for name, one in self._hosts.items() if one.tracked}
            state = self._host(host)
            tracked = Tracked(
                host, address, state, opened_at=now, expires_at=expires_at, is_listed=is_listed, shut=shut
            )
            state.tracked.add(tracked)
            state.observed_s = observed_idle_s(state.observed_s, state.observed_at, 0.0, now)
            self._limit_idle(state)
            self._opened[address] += 1
        self.tell(ConnectionOpened(host=host, address=address, took_s=took_s))
        return tracked

    def may_carry(self, tracked: Tracked) -> bool:
        """True if `claim` would succeed now; nothing is booked."""
        return tracked.retired is None and self.clock() < tracked.use_until

    def claim(self, tracked: Tracked, *, is_shared: bool = False) -> bool:
        """Take the connection for one request.

        False if another request has it and it is not `is_shared`, or if it may carry none; then it is retired.
        """
        now = self.clock()
        with self._lock:
            if tracked.streams and not is_shared:
                return False
            if is_usable := now < tracked.use_until and (tracked.retired is None or not tracked.requests):
                tracked.was_idle_s = 0.0 if tracked.streams else now - tracked.idle_since
                tracked.streams += 1
                tracked.requests += 1
                tracked.use_until = self._busy_until(tracked)
                self._requests += 1
                if self.tokens < self.policy.repeat_burst:
                    self.tokens = self.policy.earn(self.tokens)
        if not is_usable:
            self.retire(tracked, self._why(tracked, now))
        return is_usable

    def join(self, tracked: Tracked) -> None:
        """One more request got onto the connection while it was being opened."""
        with self._lock:
            tracked.streams += 1
            tracked.requests += 1
            self._requests += 1

    def release(self, tracked: Tracked) -> bool:
        """The request is over; True if the connection may stay open, else it is retired."""
        now = self.clock()
        with self._lock:
            tracked.streams -= 1
            if tracked.streams:
                return True
            tracked.idle_since = now
            tracked.use_until = self._use_until(tracked, now)
            if is_kept := tracked.retired is None and now < tracked.use_until:
                return is_kept
        self.retire(tracked, self._why(tracked, now))
        return False

    def answered(self, tracked: Tracked, keep_alive: str | None) -> None:
        """The head of an answer came; `keep_alive` is its Keep-Alive header."""
        state = tracked.state
        state.was_good = True
        if state.suspects:
            state.suspects.pop(tracked.address, None)
        if keep_alive is not None and keep_alive != state.keep_alive:
            with self._lock:
                state.keep_alive = keep_alive
                state.announced_s = announced_idle_s(keep_alive)
                self._limit_idle(state)

    def closed_by_peer(self, tracked: Tracked) -> None:
        """The connection was found closed while idle, or failed when it was taken up again."""
        if tracked.retired is not None:
            return
        now = self.clock()
        idle_s = tracked.was_idle_s if tracked.streams else now - tracked.idle_since
        with self._lock:
            state = tracked.state
            state.observed_s = observed_idle_s(state.observed_s, state.observed_at, idle_s, now)
            state.observed_at = now
            self._limit_idle(state)
        self.retire(tracked, Retirement.CLOSED_BY_PEER)

    def retire(self, tracked: Tracked, reason: Retirement) -> None:
        """Take no further request on it. The caller closes it once it is idle; a second time does nothing."""
        with self._lock:
            if tracked.retired is not None:
                return
            tracked.retired = reason
            self._retired[reason] += 1
            idle_since = None if tracked.streams else tracked.idle_since
        now = self.clock()
        self.tell(
            ConnectionRetired(
                host=tracked.host,
                address=tracked.address,
                reason=reason,
                age_s=now - tracked.opened_at,
                idle_s=0.0 if idle_since is None else now - idle_since,
                requests=tracked.requests,
            )
        )

    def closed(self, tracked: Tracked) -> None:
        """The connection is gone, for whatever reason; a second time does nothing."""
        now = self.clock()
        with self._lock:
            tracked.state.tracked.discard(tracked)
        if tracked.retired is None and now >= tracked.use_until:
            self.retire(tracked, self._why(tracked, now))

    def avoid(self, host: str, addresses: tuple[str, ...]) -> None:
        """No connection came about, or one too late: the addresses are tried last for a while."""
        now = self.clock()
        with self._lock:
            self._host(host).suspects.update(dict.fromkeys(addresses, now))

    def suspect(self, host: str, address: str) -> None:
        """The address failed: it is tried last for a while, and its idle connections are retired and shut."""
        with self._lock:
            state = self._host(host)
            state.suspects[address] = self.clock()
            same = [tracked for tracked in state.tracked if tracked.address == address]
        self._retire_all(same, Retirement.SUSPECT)

    def addresses_changed(self, host: str, before: tuple[str, ...], after: tuple[str, ...]) -> None:
        """DNS gave another answer: connections to addresses that left take no new request; idle ones are shut."""
        with self._lock:
            state = self._hosts.get(host)
            gone = [tracked for tracked in state.tracked if tracked.address not in after] if state is not None else []
        if state is not None:
            self.tell(AddressesChanged(host=host, before=before, after=after))
            self._retire_all(gone, Retirement.LEFT_DNS)

    def suspects(self, host: str) -> frozenset[str]:
        """The addresses that failed lately."""
        state = self._hosts.get(host)
        if state is None or not state.suspects:
            return frozenset()
        now = self.clock()
        return frozenset(one for one, at in state.suspects.copy().items() if self.policy.is_suspect(at, now))

    def was_good(self, host: str) -> bool:
        """True if the host ever answered."""
        state = self._hosts.get(host)
        return state is not None and state.was_good

    def in_order(self, host: str, known: tuple[str, ...]) -> tuple[str, ...]:
        """`known` in the order in which to try them."""
        return in_order(known, self.suspects(host))

    def spend(self) -> None:
        """One repeat is made."""
        with self._lock:
            self.tokens -= 1
            self._repeats += 1

    def tell(self, event: Event) -> None:
        if isinstance(event, ConnectionRetired):
            logger.info("%s", event)
        elif not isinstance(event, ConnectionOpened):
            logger.debug("%s", event)
        if self.listener is not None:
            self.listener(event)

    @property
    def metrics(self) -> Metrics:
        with self._lock:
            tracked = [one.address for state in self._hosts.values() for one in state.tracked]
            return Metrics(
                requests=self._requests,
                repeats=self._repeats,
                open=dict(Counter(tracked)),
                opened=dict(self._opened),
                retired=dict(self._retired),
            )

    def _retire_all(self, connections: list[Tracked], reason: Retirement) -> None:
        for tracked in connections:
            self.retire(tracked, reason)
            with self._lock:
                is_idle = not tracked.streams
            # No claim can succeed any more, so what is idle now stays idle. A connection just opened is not: its first
            # request is on the way, and only `requests` tells it from one that has served.
            if is_idle and tracked.requests:
                tracked.shut()
                self.closed(tracked)

    def _limit_idle(self, state: Host) -> None:
        state.idle_limit_s = self.policy.idle_limit_s(state.announced_s, state.observed_s)
        for tracked in state.tracked:
            if not tracked.streams and tracked.requests:
                tracked.use_until = self._use_until(tracked, tracked.idle_since)

    def _busy_until(self, tracked: Tracked) -> float:
        if self.policy.max_requests is None:
            return tracked.expires_at
        return self._use_until(tracked, math.inf)

    def _use_until(self, tracked: Tracked, idle_since: float) -> float:
        return self.policy.use_until(
            expires_at=tracked.expires_at,
            idle_since=idle_since,
            idle_limit_s=tracked.state.idle_limit_s,
            requests=tracked.requests,
        )

    def _why(self, tracked: Tracked, now: float) -> Retirement:
        if not tracked.is_listed:
            return Retirement.LEFT_DNS
        return self.policy.why_retired(now=now, expires_at=tracked.expires_at, requests=tracked.requests)

    def _host(self, name: str) -> Host:
        state = self._hosts.get(name)
        if state is None:
            state = self._hosts[name] = Host(self.policy.idle_limit_s(None, None))
        return state
