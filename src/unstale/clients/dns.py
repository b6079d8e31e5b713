"""Addresses of hosts, always as fresh as their TTL: answered from the cache, renewed in the background.

The look-up itself blocks, so the asyncio form runs it in a thread; what is cached is answered without one. One daemon
thread a resolver starts the refreshes; it ends with the resolver, and a fork starts its own.
"""

from __future__ import annotations

import math
import socket
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future

from unstale.clients.dns_cache import FORGET_S, MANY_HOSTS, WARM_S, Entry, failed, renewed
from unstale.clients.lookup import Lookup, SystemLookup

# Called with the host, the addresses listed before and after, in the thread that looked up and without a lock held.
Watcher = Callable[[str, tuple[str, ...], tuple[str, ...]], None]


class Resolver:
    """A DNS cache that several transports may share; safe for threads and tasks.

    `stale_s` bounds how long the last good answer is used after its TTL while look-ups fail, `grace_s` how long an
    address counts after it left the answers of a host whose every answer is another selection. With
    `in_background=False` nothing is refreshed but by `refresh_due`.
    """

    def __init__(
        self,
        lookup: Lookup | None = None,
        *,
        stale_s: float = 300.0,
        grace_s: float = 120.0,
        in_background: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lookup: Lookup = lookup or SystemLookup()
        self._stale_s = stale_s
        self._grace_s = grace_s
        self._in_background = in_background
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}
        self._used_at: dict[str, float] = {}
        self._flights: dict[str, Future[Entry]] = {}
        self._watchers: list[weakref.WeakMethod[Watcher]] = []
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        weakref.finalize(self, self._wake.set)

    def __reduce__(self) -> tuple[Callable[..., Resolver], tuple[Lookup, float, float, bool]]:
        # A copy has the settings and an empty cache: monotonic times mean nothing in another process.
        return _remade, (self._lookup, self._stale_s, self._grace_s, self._in_background)

    def watch(self, watcher: Watcher) -> None:
        """Tell a bound method of every answer that differs from the one before, as long as its object lives."""
        with self._lock:
            self._watchers = [kept for kept in self._watchers if kept() is not None]
            self._watchers.append(weakref.WeakMethod(watcher))

    def needs_look_up(self, host: str) -> bool:
        """True if the host is known but its answer has run out. Marks the host as used, which keeps it refreshed."""
        entry = self._entries.get(host)
        if entry is None:
            return False
        now = self._clock()
        self._used_at[host] = now
        return now >= entry.expires_at and not entry.is_usable(now) and host not in self._flights

    def addresses(self, host: str) -> tuple[str, ...]:
        """The addresses of `host`; looks up only if nothing usable is known. Raises socket.gaierror."""
        now = self._clock()
        self._used_at[host] = now
        entry = self._entries.get(host)
        if entry is not None and entry.is_usable(now):
            return entry.addresses
        return self._look_up(host).addresses

    async def addresses_async(self, host: str) -> tuple[str, ...]:
        """As `addresses`, for asyncio; a cancelled caller leaves the look-up running for the others."""
        if self.is_current(host):
            return self.addresses(host)
        import asyncio  # ten milliseconds that a program without tasks need not pay

        return await asyncio.get_running_loop().run_in_executor(None, self.addresses, host)

    def known(self, host: str) -> tuple[str, ...]:
        """The last good answer, however old; empty if there is none."""
        entry = self._entries.get(host)
        return entry.addresses if entry is not None else ()

    def listed(self, host: str) -> tuple[str, ...]:
        """The addresses of `host` whose connections may be used; empty if none is known."""
        entry = self._entries.get(host)
        return entry.listed if entry is not None else ()

    def changes_at(self, host: str) -> float:
        """When DNS may give another answer than it did last, on this resolver's clock; infinite if it will not."""
        entry = self._entries.get(host)
        return entry.changes_at if entry is not None else math.inf

    def expires_at(self, host: str) -> float:
        """When the answer has to be renewed, on this resolver's clock."""
        entry = self._entries.get(host)
        return entry.expires_at if entry is not None else math.inf

    def is_current(self, host: str) -> bool:
        """True if `addresses` would answer at once."""
        entry = self._entries.get(host)
        return entry is not None and entry.is_usable(self._clock())

    def may_refresh(self, host: str) -> bool:
        """True if `refresh` would ask a name server, not only repeat what it said just now."""
        entry = self._entries.get(host)
        return entry is None or entry.may_be_forced(self._clock())

    def refresh(self, host: str) -> tuple[str, ...]:
        """Look up now, because an address failed; the last good answer if that fails or was done just now."""
        if self.may_refresh(host):
            try:
                return self._look_up(host).addresses
            except socket.gaierror:
                return self.known(host)
        return self.known(host)

    def refresh_soon(self, host: str) -> None:
        """Look up in the background, because an address failed."""
        if self.may_refresh(host):
            threading.Thread(target=self.refresh_one, args=(host,), name=f"unstale-dns-{host}", daemon=True).start()

    def refresh_due(self) -> float:
        """Look up, each in a thread of its own, what is due; returns the seconds until the next one is."""
        now = self._clock()
        with self._lock:
            for host in [host for host, used_at in self._used_at.items() if now >= used_at + FORGET_S]:
                self._entries.pop(host, None)
                self._used_at.pop(host)
            warm = {host: entry for host, entry in self._entries.items() if now < self._used_at.get(host, 0.0) + WARM_S}
            due = [host for host, entry in warm.items() if entry.refresh_at <= now and host not in self._flights]
            next_at = min((entry.refresh_at for host, entry in warm.items() if host not in due), default=math.inf)
        for host in due:
            threading.Thread(target=self.refresh_one, args=(host,), name=f"unstale-dns-{host}", daemon=True).start()
        return max(0.0, next_at - now)

    def refresh_one(self, host: str) -> None:
        """Look up in the background: a failure is in the cache and not told."""
        try:
            self._look_up(host)
        except socket.gaierror:
            return

    def close(self) -> None:
        """End the background thread; the resolver still answers, and starts it anew when it has to look up again."""
        with self._lock:
            self._thread = None
        self._wake.set()

    def _look_up(self, host: str) -> Entry:
        with self._lock:
            flight = self._flights.get(host)
            if is_mine := flight is None:
                flight = self._flights[host] = Future()
        assert flight is not None
        if is_mine:
            self._fly(host, flight)
        return flight.result()

    def _fly(self, host: str, flight: Future[Entry]) -> None:
        asked_at = self._clock()
        before = self._entries.get(host, Entry())
        try:
            found = self._lookup(host)
        except BaseException as error:
            entry = failed(before, asked_at=asked_at, now=self._clock())
            self._land(host, entry)
            if isinstance(error, socket.gaierror) and entry.is_usable(self._clock()):
                flight.set_result(entry)
            else:
                flight.set_exception(error)
        else:
            entry = renewed(
                before, found, asked_at=asked_at, now=self._clock(), stale_s=self._stale_s, grace_s=self._grace_s
            )
            watchers = self._land(host, entry)
            flight.set_result(entry)
            if before.listed and set(before.listed) != set(entry.listed):
                for watcher in watchers:
                    watcher(host, before.listed, entry.listed)
        if entry.refresh_at != math.inf:
            self._start()

    def _land(self, host: str, entry: Entry) -> list[Watcher]:
        with self._lock:
            self._entries[host] = entry
            self._flights.pop(host, None)
            if len(self._entries) > MANY_HOSTS:
                by_use = sorted(self._entries, key=lambda name: self._used_at.get(name, -math.inf))
                for name in by_use[: MANY_HOSTS // 2]:
                    self._entries.pop(name)
                    self._used_at.pop(name, None)
            return [watcher for kept in self._watchers if (watcher := kept()) is not None]

    def _start(self) -> None:
        self._wake.set()
        if not self._in_background:
            return
        with self._lock:
            # After a fork the thread object is there, the thread is not.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=_keep_fresh, args=(weakref.ref(self), self._wake), name="unstale-dns", daemon=True
                )
                self._thread.start()

    def _is_run_by(self, thread: threading.Thread) -> bool:
        return self._thread is thread


def _remade(lookup: Lookup, stale_s: float, grace_s: float, in_background: bool) -> Resolver:
    return Resolver(lookup, stale_s=stale_s, grace_s=grace_s, in_background=in_background)


def _keep_fresh(reference: weakref.ref[Resolver], wake: threading.Event) -> None:
    thread = threading.current_thread()
    while (resolver := reference()) is not None and resolver._is_run_by(thread):
        wake.clear()
        pause_s = resolver.refresh_due()
        del resolver
        # A minute at most, so that a resolver that nobody holds any more lets its thread go.
        wake.wait(min(pause_s, 60.0))
