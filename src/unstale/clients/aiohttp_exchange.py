"""The exchange on one aiohttp connection: how far it came, and how it is sent once more.

A connector hands out connections and is asked no further, so the response, which the session starts right after the
request was sent, is what can tell that the connection was cut before the answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.payload import BytesPayload

from unstale.clients.connect import Liveness
from unstale.clients.ledger import Ledger
from unstale.clients.policy import Cut, Retirement, is_sidecar_503
from unstale.clients.repeat import Broken, Story
from unstale.clients.tracked import Tracked

if TYPE_CHECKING:
    from aiohttp.tracing import Trace


class Repeater(Protocol):
    """The connector, as far as a response needs it."""

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout) -> Connection: ...

    async def may_repeat(self, story: Story, broken: Broken) -> bool: ...


FAILURES = (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)


class Handler(ResponseHandler):
    """aiohttp's protocol with the ledger's side of one connection.

    While a request waits for the head of its answer, `request`, `connection`, `traces` and `timeout` are what it takes
    to send it once more. They are slots, not an object of their own: with a hundred requests under way each object more
    is what the garbage collector walks through, and costs a percent.
    """

    __slots__ = (
        "_idle_since", "connection", "has_begun", "ledger", "poll", "request", "story", "timeout", "traces", "tracked",
    )  # fmt: skip

    timeout: aiohttp.ClientTimeout

    def __init__(self, loop: asyncio.AbstractEventLoop, ledger: Ledger, idle_since: IdleSince) -> None:
        super().__init__(loop)
        self.ledger = ledger
        self.tracked: Tracked | None = None
        self.request: ClientRequest | None = None
        self.connection: Connection | None = None
        self.traces: list[Trace] | None = None
        self.story: Story | None = None
        self.has_begun = False
        self.poll: Callable[[], object] = bool
        self._idle_since = idle_since

    def book(self, host: str, took_s: float) -> None:
        """The connection is established and carries its first request."""
        assert self.transport is not None
        peer = self.transport.get_extra_info("peername")
        address = str(peer[0]) if peer else host
        self.poll = Liveness(self.transport.get_extra_info("socket")).poll
        self.tracked = self.ledger.opened(host, address, self._shut_soon, took_s)
        self.tracked.cut = self._cut_soon
        self.ledger.claim_idle(self.tracked, math.inf, is_looked_up=True)
        self.close_if_last(self.tracked)

    def close_if_last(self, tracked: Tracked) -> None:
        """See to it that the connection is closed when its request is over, if it may carry no other."""
        if tracked.use_until <= self.ledger.clock():
            self.force_close()

    def broken(self, error: aiohttp.ClientError) -> Broken | None:
        """How far the exchange came that failed just now; the connection is retired."""
        tracked = self.tracked
        if tracked is None:
            return None
        tracked.may_be_cut = False
        if isinstance(error, aiohttp.ServerDisconnectedError):
            # Its message is what had come of the head, or words where nothing had.
            has_begun = not isinstance(error.message, str)
        else:
            has_begun = self.has_begun or _has_begun(self._parser)
        cut = Cut.ANSWERED if has_begun else Cut.UNANSWERED
        if cut is Cut.UNANSWERED and tracked.was_reused:
            self.ledger.closed_by_peer(tracked)
        else:
            self.ledger.retire(tracked, Retirement.FAILED)
        return Broken(host=tracked.host, tracked=tracked, cut=cut)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What the session said of the answer to come, for the handler of the repeat."""
        raise NotImplementedError

    async def read(self) -> Any:
        """The head of the answer, which the response waits for; if it is cut before, that of the repeat."""
        try:
            head = await ResponseHandler.read(self)
        except FAILURES as error:
            return await self._read_again(error)
        tracked = self.tracked
        if tracked is not None:
            tracked.may_be_cut = False
            if head[0].code == 503 and self._is_sidecar_503(head[0].headers):
                self.ledger.retire(tracked, Retirement.FAILED)
                self.force_close()
                return await self._send_again(Broken(host=tracked.host, tracked=tracked, cut=Cut.SIDECAR_503)) or head
            if tracked.requests == 1 or tracked.state.suspects:  # `is_telling`, written out
                self.ledger.answered(tracked, head[0].headers.get("Keep-Alive"))
        self.request = self.connection = self.traces = self.story = None
        return head

    def _is_sidecar_503(self, headers: Mapping[str, str]) -> bool:
        if self.request is None or not self.ledger.policy.repeats_sidecar_503:
            return False
        service_time = headers.get("x-envoy-upstream-service-time")
        return is_sidecar_503(503, self.request.url.scheme, headers.get("server"), service_time)

    async def _read_again(self, error: aiohttp.ClientError) -> Any:
        broken = self.broken(error)
        if self.connection is not None:
            self.connection.close()
        head = await self._send_again(broken) if broken is not None else None
        if head is None:
            raise error
        return head

    async def _send_again(self, broken: Broken) -> Any:
        """The head of the answer to the repeat; None if the request must not be repeated."""
        request, connection, traces = self.request, self.connection, self.traces or []
        self.request = self.connection = self.traces = None
        if request is None or connection is None:
            return None
        connector = cast(Repeater, connection._connector)
        response = request.response
        story, self.story = self.story or story_of(request), None
        if response is None or not await connector.may_repeat(story, broken):
            return None
        connection.close()
        request.terminate()
        connection = await connector.connect(request, traces, self.timeout)
        handler = connection.protocol
        assert handler is not None
        handler.set_response_params(**self.parameters)
        try:
            if isinstance(handler, Handler):
                handler.story = story
            sent = await request.send(connection)
            # The session waits on the first response; from here on it stands for the connection of the second.
            request.response = response
            response._protocol, response._connection = handler, connection
            response._writer = sent._writer
            return await handler.read()
        except BaseException:
            connection.close()
            raise

    def connection_lost(self, exc: BaseException | None) -> None:
        tracked = self.tracked
        if exc is not None and self.request is not None:
            # The base class forgets its parser; only after a FIN does it tell what that had.
            self.has_begun = _has_begun(self._parser)
        if tracked is not None:
            since = self._idle_since(self)
            if self.transport is not None and since is not None:
                tracked.idle_since = tracked.claimed_at = since
                self.ledger.closed_by_peer(tracked)
            self.ledger.closed(tracked)
        super().connection_lost(exc)

    def _shut_soon(self) -> bool:
        # The loop may be closed by now, and its connections with it.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._shut)
        return False

    def _cut_soon(self) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        if self.tracked is not None and self.tracked.may_be_cut and self.transport is not None:
            self.transport.abort()

    def _shut(self) -> None:
        if self._idle_since(self) is not None:
            self.close()
        else:
            self.force_close()


class IdleSince:
    """When a handler was given back to its connector, None while it is in use; keeps no connector alive."""

    def __init__(self, connector: aiohttp.BaseConnector) -> None:
        self._connector = weakref.ref(connector)

    def __call__(self, handler: Handler) -> float | None:
        connector = self._connector()
        if connector is None:
            return None
        every = (one for idle in connector._conns.values() for one in idle)
        return next((since for one, since in every if one is handler), None)


def _has_begun(parser: Any) -> bool:
    """True if a parser that waits for the head of an answer has some of it.

    Asked after a failure; a flag set with each piece of data would cost two percent of a small request.
    """
    try:
        return parser is not None and parser.feed_eof() is not None
    except HttpProcessingError:
        return True


def story_of(request: ClientRequest) -> Story:
    is_replayable = isinstance(request.body, (bytes, BytesPayload)) and "Expect" not in request.headers
    return Story(
        request.method,
        has_idempotency_key="Idempotency-Key" in request.headers,
        is_replayable=is_replayable,
    )
