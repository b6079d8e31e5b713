"""DNS answers by their real TTL: what is known of a host, until when, and when to ask again.

`getaddrinfo` hides the TTL, so a client either asks for every connection or caches for a time that is not the answer's.
Pure: looking up is somebody else's work, and the time is an argument.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The result of one look-up: `ttl_s` is the smallest on the way through the CNAMEs, infinite for a numeric host.

    `is_v4_failed` and `is_v6_failed` say that one family could not be looked up although the other could.
    """

    addresses: tuple[str, ...]
    ttl_s: float
    is_v4_failed: bool = False
    is_v6_failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known of one host. `failures` counts look-ups in a row that failed."""

    addresses: tuple[str, ...] = ()
    expires_at: float = -math.inf
    refresh_at: float = -math.inf
    stale_until: float = -math.inf
    asked_at: float = -math.inf
    failures: int = 0

    def is_fresh(self, now: float) -> bool:
        return now < self.expires_at

    def is_usable(self, now: float) -> bool:
        """True if the addresses may be used although the answer could not be renewed."""
        return bool(self.addresses) and (self.is_fresh(now) or (self.failures > 0 and now < self.stale_until))

    def may_be_forced(self, now: float) -> bool:
        """True if a failed exchange may ask again at once."""
        return self.expires_at != math.inf and now >= self.asked_at + FORCED_EVERY_S


def renewed(entry: Entry, found: Found, *, asked_at: float, now: float, stale_s: float) -> Entry:
    """The entry after a good look-up; a family that could not be looked up keeps its last addresses."""
    ttl_s = found.ttl_s if found.ttl_s == math.inf else min(MAX_TTL_S, max(MIN_TTL_S, found.ttl_s))
    kept = tuple(
        address
        for address in entry.addresses
        if (found.is_v6_failed if ":" in address else found.is_v4_failed) and address not in found.addresses
    )
    return Entry(
        addresses=(*found.addresses, *kept),
        expires_at=asked_at + ttl_s,
        refresh_at=max(now, asked_at + ttl_s * REFRESH_AFTER),
        stale_until=asked_at + ttl_s + stale_s,
        asked_at=asked_at,
    )


def failed(entry: Entry, *, asked_at: float, now: float) -> Entry:
    """The entry after a failed look-up: the last good answer stays, the next look-up comes after a growing pause."""
    pause_s = min(LAST_RETRY_S, FIRST_RETRY_S * 2**entry.failures)
    return Entry(
        addresses=entry.addresses,
        expires_at=entry.expires_at,
        refresh_at=now + pause_s,
        stale_until=entry.stale_until,
        asked_at=asked_at,
        failures=entry.failures + 1,
    )
