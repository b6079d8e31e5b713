"""What the transports for httpx and for httpx2 have in common: the ledger, and the repeat of a request that failed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar, cast

from unstale.clients.dns import Resolver
from unstale.clients.events import Listener
from unstale.clients.ledger import Ledger
from unstale.clients.policy import Policy
from unstale.clients.repeat import Story, may_repeat, may_repeat_async

Response = TypeVar("Response")
Failed = TypeVar("Failed", bound=Exception)


def ledger_of(
    policy: Policy | None, resolver: Resolver | None, listener: Listener | None, keepalive_expiry_s: float | None
) -> Ledger:
    """A ledger whose idle limit is the policy's or the pool's, the shorter one."""
    policy = policy or Policy()
    if keepalive_expiry_s is not None and (policy.max_idle_s is None or keepalive_expiry_s < policy.max_idle_s):
        policy = replace(policy, max_idle_s=keepalive_expiry_s)
    return Ledger(policy, resolver, listener)


def story_of(request: Any, *, is_replayable: bool) -> Story:
    """What a repeat needs to know of a request."""
    has_key = "Idempotency-Key" in request.headers
    return Story(request.method, has_idempotency_key=has_key, is_replayable=is_replayable)


def repeated(
    ledger: Ledger, story: Story, send: Callable[[], Response], outcome: Response | Failed, kind: type[Failed]
) -> Response:
    """The answer to a repeat of what came to the `outcome`, or that itself; raises the last error of its `kind`."""
    from unstale.clients.engine_link import broken_by

    while (broken := broken_by(outcome)) is not None and may_repeat(ledger, story, broken):
        if not isinstance(outcome, kind):
            cast(Any, outcome).close()
        try:
            outcome = send()
        except kind as error:
            outcome = error
    if isinstance(outcome, kind):
        raise outcome
    return cast(Response, outcome)


async def repeated_async(
    ledger: Ledger,
    story: Story,
    send: Callable[[], Awaitable[Response]],
    outcome: Response | Failed,
    kind: type[Failed],
) -> Response:
    """As `repeated`, on asyncio and on trio."""
    import anyio
    import anyio.to_thread

    from unstale.clients.engine_link import broken_by

    while (broken := broken_by(outcome)) is not None and await may_repeat_async(
        ledger, story, broken, sleep=anyio.sleep, to_thread=anyio.to_thread.run_sync
    ):
        if not isinstance(outcome, kind):
            await cast(Any, outcome).aclose()
        try:
            outcome = await send()
        except kind as error:
            outcome = error
    if isinstance(outcome, kind):
        raise outcome
    return cast(Response, outcome)
