"""Whether a failed exchange is sent again: the same steps for threads and for tasks.

The address is marked, DNS is asked anew, the policy decides, and while it says to wait, DNS is asked again after each
pause. A request that must not be repeated does not wait for DNS; the next one profits from the look-up.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from unstale.clients.events import RequestRepeated
from unstale.clients.ledger import Ledger
from unstale.clients.policy import Cut, Failure
from unstale.clients.tracked import Tracked

# A TTL is whole seconds, and a cache that rounds down keeps the answer that much longer.
TTL_ROUNDING_S = 1.0

# What cuts connections rarely ends with one: a firewall that forgets its addresses, or a balancer that restarts, takes
# the next ones within milliseconds. An answer tells that an address is well only if its request was sent after that.
SETTLE_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """What failed: the connection, None if there was none, and how far the exchange came."""

    host: str
    tracked: Tracked | None
    cut: Cut


class Story:
    """One request from its first failure on.

    `answered` is what DNS said when it failed, `dns_changes_at` when what DNS said after that may be replaced.
    """

    __slots__ = (
        "answered", "dns_changes_at", "first_failed_at", "has_idempotency_key", "is_replayable", "method", "sends",
        "tries",
    )  # fmt: skip

    def __init__(self, method: str, *, has_idempotency_key: bool, is_replayable: bool) -> None:
        self.method = method.upper()
        self.has_idempotency_key = has_idempotency_key
        self.is_replayable = is_replayable
        self.sends = 0
        self.tries = 0
        self.first_failed_at = math.inf
        self.answered: tuple[str, ...] = ()
        self.dns_changes_at = math.inf


class ToThread(Protocol):
    """Runs a blocking function of one argument in a thread."""

    def __call__(self, function: Callable[[str], object], argument: str, /) -> Awaitable[object]: ...


def may_repeat(ledger: Ledger, story: Story, broken: Broken, *, sleep: Callable[[float], None] = time.sleep) -> bool:
    """True when the request shall be sent again now; blocks for DNS and the pauses."""
    if not _is_hopeful(ledger, story, broken):
        ledger.resolver.refresh_soon(broken.host)
        return False
    ledger.resolver.refresh(broken.host)
    while pause_s := _pause_s(ledger, story, broken):
        sleep(pause_s)
        ledger.resolver.refresh(broken.host)
        if broken.cut is not Cut.UNANSWERED:
            break
    return _decided(ledger, story, broken, pause_s)


async def may_repeat_async(
    ledger: Ledger, story: Story, broken: Broken, *, sleep: Callable[[float], Awaitable[None]], to_thread: ToThread
) -> bool:
    """As `may_repeat`, with the event loop's own sleep and threads."""
    if not _is_hopeful(ledger, story, broken):
        ledger.resolver.refresh_soon(broken.host)
        return False
    if ledger.resolver.may_refresh(broken.host):
        await to_thread(ledger.resolver.refresh, broken.host)
    while pause_s := _pause_s(ledger, story, broken):
        await sleep(pause_s)
        if ledger.resolver.may_refresh(broken.host):
            await to_thread(ledger.resolver.refresh, broken.host)
        if broken.cut is not Cut.UNANSWERED:
            break
    return _decided(ledger, story, broken, pause_s)


def _is_hopeful(ledger: Ledger, story: Story, broken: Broken) -> bool:
    if story.first_failed_at == math.inf:
        story.first_failed_at = ledger.clock()
        story.answered = ledger.resolver.known(broken.host)
    if broken.cut in (Cut.UNANSWERED, Cut.SIDECAR_503):
        story.sends += 1
    if broken.tracked is not None and broken.cut is not Cut.ANSWERED:
        ledger.suspect(broken.host, broken.tracked.address)
    failure = replace(_failure(ledger, story, broken), has_other_address=True, has_good_address=True)
    return ledger.policy.pause_before_repeat(failure, tokens=ledger.tokens, spread=0.0) is not None


def _pause_s(ledger: Ledger, story: Story, broken: Broken) -> float | None:
    if story.dns_changes_at == math.inf:
        story.dns_changes_at = ledger.resolver.changes_at(broken.host) + TTL_ROUNDING_S
    failure = _failure(ledger, story, broken)
    return ledger.policy.pause_before_repeat(failure, tokens=ledger.tokens, spread=ledger.spread())


def _failure(ledger: Ledger, story: Story, broken: Broken) -> Failure:
    now = ledger.clock()
    known = ledger.resolver.known(broken.host)
    suspects = ledger.suspects(broken.host)
    is_new = any(one not in story.answered for one in known)
    return Failure(
        cut=broken.cut,
        method=story.method,
        has_idempotency_key=story.has_idempotency_key,
        is_replayable=story.is_replayable,
        was_reused=broken.tracked is not None and broken.tracked.was_reused,
        was_good=ledger.was_good(broken.host),
        has_other_address=any(one not in suspects for one in known),
        has_good_address=is_new or ledger.has_answered_since(broken.host, known, story.first_failed_at + SETTLE_S),
        dns_changes_in_s=story.dns_changes_at - now,
        sends=story.sends,
        tries=story.tries,
        since_first_s=now - story.first_failed_at,
    )


def _decided(ledger: Ledger, story: Story, broken: Broken, pause_s: float | None) -> bool:
    if pause_s is None:
        return False
    ledger.spend()
    if broken.cut is Cut.UNANSWERED:
        ledger.distrust(broken.host, story.first_failed_at)
    story.tries += 1
    waited_s = ledger.clock() - story.first_failed_at
    repeated = RequestRepeated(
        host=broken.host, method=story.method, cut=broken.cut, repeat=story.tries, after_s=waited_s
    )
    ledger.tell(repeated)
    return True
