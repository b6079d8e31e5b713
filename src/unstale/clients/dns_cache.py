"""DNS answers by their real TTL: what is known of a host, until when, and when to ask again.

`getaddrinfo` hides the TTL, so a client either asks for every connection or caches for a time that is not the answer's.
Pure: looking up is somebody else's work, and the time is an argument.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

# A refresh starts after this part of the TTL, so that a slow name server is still in time.
REFRESH_AFTER = 0.8
# A TTL of 0 forbids caching; one look-up a second is what a busy client may do in its place.
MIN_TTL_S = 1.0
# BIND and unbound keep no positive answer longer than a day; a client need not trust one for longer than an hour.
MAX_TTL_S = 3600.0
FIRST_RETRY_S = 0.5
LAST_RETRY_S = 5.0
# Between two look-ups that a failed exchange forces.
FORCED_EVERY_S = 0.5
# A host that nobody asked about for so long is no longer refreshed.
WARM_S = 60.0
# And after so long it is forgotten.
FORGET_S = 3600.0
# Past so many, the half that was asked about longest ago is forgotten.
MANY_HOSTS = 10_000
# An address that comes back sooner never was away: DNS names another selection each time. A load balancer that fails
# over and back takes longer, as a rule (a guess).
COMES_BACK_WITHIN_S = 300.0
# So many returns make a host one whose answers rotate; one alone may be a fail-over that was undone.
RETURNS_TO_ROTATE = 2
# Remembered addresses of one host; the largest object stores have some thousands, of which few come back in time.
MANY_ADDRESSES = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The result of one look-up: `ttl_s` is the smallest on the way through the CNAMEs, infinite for a numeric host.

    `is_v4_failed` and `is_v6_failed` say that one family could not be looked up although the other could, `is_timed`
    that the TTL is the name server's.
    """

    addresses: tuple[str, ...]
    ttl_s: float
    is_v4_failed: bool = False
    is_v6_failed: bool = False
    is_timed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known of one host. `failures` counts look-ups in a row that failed.

    `listed` are the addresses whose connections may be used: those of the answer, and at a host whose answers rotate
    those that left it lately. `last_seen` is when an answer named each, `returns` how many came back after leaving.
    """

    addresses: tuple[str, ...] = ()
    expires_at: float = -math.inf
    refresh_at: float = -math.inf
    stale_until: float = -math.inf
    asked_at: float = -math.inf
    failures: int = 0
    is_timed: bool = True
    listed: tuple[str, ...] = ()
    last_seen: Mapping[str, float] = field(default_factory=dict)
    returns: int = 0

    @property
    def changes_at(self) -> float:
        """When a name server may give another answer than this one; infinite if none was asked."""
        return self.expires_at if self.is_timed else math.inf

    def is_fresh(self, now: float) -> bool:
        return now < self.expires_at

    def is_usable(self, now: float) -> bool:
        """True if the addresses may be used although the answer could not be renewed."""
        return bool(self.addresses) and (self.is_fresh(now) or (self.failures > 0 and now < self.stale_until))

    def may_be_forced(self, now: float) -> bool:
        """True if a failed exchange may ask again at once."""
        return self.expires_at != math.inf and now >= min(self.expires_at, self.asked_at + FORCED_EVERY_S)


def renewed(entry: Entry, found: Found, *, asked_at: float, now: float, stale_s: float, grace_s: float = 0.0) -> Entry:
    """The entry after a good look-up; a family that could not be looked up keeps its last addresses.

    At a host whose answers rotate through subsets, an address counts for `grace_s` after the last answer with it.
    """
    ttl_s = found.ttl_s if found.ttl_s == math.inf else min(MAX_TTL_S, max(MIN_TTL_S, found.ttl_s))
    kept = tuple(
        address
        for address in entry.addresses
        if (found.is_v6_failed if ":" in address else found.is_v4_failed) and address not in found.addresses
    )
    addresses = (*found.addresses, *kept)
    returns = entry.returns + sum(_is_back(entry, address, now) for address in addresses)
    last_seen = _remembered(entry.last_seen, addresses, now)
    grace_s = grace_s if returns >= RETURNS_TO_ROTATE else 0.0
    lately = (one for one, at in last_seen.items() if one not in addresses and now < at + grace_s)
    return Entry(
        addresses=addresses,
        expires_at=asked_at + ttl_s,
        refresh_at=max(now, asked_at + ttl_s * REFRESH_AFTER),
        stale_until=asked_at + ttl_s + stale_s,
        asked_at=asked_at,
        is_timed=found.is_timed,
        listed=(*addresses, *lately),
        last_seen=last_seen,
        returns=returns,
    )


def failed(entry: Entry, *, asked_at: float, now: float) -> Entry:
    """The entry after a failed look-up: the last good answer stays, the next look-up comes after a growing pause."""
    pause_s = min(LAST_RETRY_S, FIRST_RETRY_S * 2**entry.failures)
    return replace(entry, refresh_at=now + pause_s, asked_at=asked_at, failures=entry.failures + 1)


def _is_back(entry: Entry, address: str, now: float) -> bool:
    return address not in entry.addresses and now < entry.last_seen.get(address, -math.inf) + COMES_BACK_WITHIN_S


def _remembered(before: Mapping[str, float], addresses: tuple[str, ...], now: float) -> dict[str, float]:
    older = {one: at for one, at in before.items() if one not in addresses and now < at + COMES_BACK_WITHIN_S}
    newest = [*older.items(), *((one, now) for one in addresses)][-MANY_ADDRESSES:]
    return dict(newest)
