"""Whether a failed exchange is sent again: the same steps for threads and for tasks.

The address is marked, DNS is asked anew, the policy decides, the pause is waited, and what DNS says after it is used. A
request that must not be repeated does not wait for DNS; the next one profits from the look-up.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from unstale.clients.events import RequestRepeated
from unstale.clients.ledger import Ledger
from unstale.clients.policy import Cut, Failure
from unstale.clients.tracked import Tracked


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """What failed: the connection, None if there was none, and how far the exchange came."""

    host: str
    tracked: Tracked | None
    cut: Cut


class Story:
    """One request from its first failure on."""

    __slots__ = ("first_failed_at", "has_idempotency_key", "is_replayable", "method", "repeats")

    def __init__(self, method: str, *, has_idempotency_key: bool, is_replayable: bool) -> None:
        self.method = method.upper()
        self.has_idempotency_key = has_idempotency_key
        self.is_replayable = is_replayable
        self.repeats = 0
        self.first_failed_at: float | None = None


class ToThread(Protocol):
    """Runs a blocking function of one argument in a thread."""

    def __call__(self, function: Callable[[str], object], argument: str, /) -> Awaitable[object]: ...


def may_repeat(ledger: Ledger, story: Story, broken: Broken, *, sleep: Callable[[float], None] = time.sleep) -> bool:
    """True when the request shall be sent again now; blocks for DNS and the pause."""
    failure = _failure(ledger, story, broken)
    if not _is_hopeful(ledger, failure):
        ledger.resolver.refresh_soon(broken.host)
        return False
    ledger.resolver.refresh(broken.host)
    pause_s = _decide(ledger, story, broken, failure)
    if pause_s:
        sleep(pause_s)
        ledger.resolver.refresh(broken.host)
    return pause_s is not None


async def may_repeat_async(
    ledger: Ledger, story: Story, broken: Broken, *, sleep: Callable[[float], Awaitable[None]], to_thread: ToThread
) -> bool:
    """As `may_repeat`, with the event loop's own sleep and threads."""
    failure = _failure(ledger, story, broken)
    if not _is_hopeful(ledger, failure):
        ledger.resolver.refresh_soon(broken.host)
        return False
    if ledger.resolver.may_refresh(broken.host):
        await to_thread(ledger.resolver.refresh, broken.host)
    pause_s = _decide(ledger, story, broken, failure)
    if pause_s:
        await sleep(pause_s)
        if ledger.resolver.may_refresh(broken.host):
            await to_thread(ledger.resolver.refresh, broken.host)
    return pause_s is not None


def _failure(ledger: Ledger, story: Story, broken: Broken) -> Failure:
    now = ledger.clock()
    if story.first_failed_at is None:
        story.first_failed_at = now
    if broken.tracked is not None and broken.cut is not Cut.ANSWERED:
        ledger.suspect(broken.host, broken.tracked.address)
    return Failure(
        cut=broken.cut,
        method=story.method,
        has_idempotency_key=story.has_idempotency_key,
        is_replayable=story.is_replayable,
        was_reused=broken.tracked is not None and broken.tracked.was_reused,
        has_other_address=True,
        was_good=ledger.was_good(broken.host),
        repeats=story.repeats,
        since_first_s=now - story.first_failed_at,
    )


def _is_hopeful(ledger: Ledger, failure: Failure) -> bool:
    return ledger.policy.pause_before_repeat(failure, tokens=ledger.tokens, spread=0.0) is not None


def _decide(ledger: Ledger, story: Story, broken: Broken, failure: Failure) -> float | None:
    suspects = ledger.suspects(broken.host)
    has_other = any(address not in suspects for address in ledger.resolver.known(broken.host))
    spread = ledger.spread()
    decided = replace(failure, has_other_address=has_other)
    pause_s = ledger.policy.pause_before_repeat(decided, tokens=ledger.tokens, spread=spread)
    if pause_s is not None:
        ledger.spend()
        story.repeats += 1
        ledger.tell(
            RequestRepeated(
                host=broken.host, method=story.method, cut=broken.cut, repeat=story.repeats, pause_s=pause_s
            )
        )
    return pause_s
