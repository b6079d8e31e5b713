"""The exchange on one aiohttp connection: how far it came, and how it is sent once more.

A connector hands out connections and is asked no further, so the response, which the session starts right after the
request was sent, is what can tell that the connection was cut before the answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.payload import BytesPayload

from unstale.clients.connect import Liveness
from unstale.clients.ledger import Ledger
from unstale.clients.policy import Cut, Retirement
from unstale.clients.repeat import Broken, Story
from unstale.clients.tracked import Tracked

if TYPE_CHECKING:
    from aiohttp.tracing import Trace


class Repeater(Protocol):
    """The connector, as far as a response needs it."""

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout) -> Connection: ...

    async def may_repeat(self, story: Story, broken: Broken) -> bool: ...


# What it takes to send a request once more.
Call = tuple[Repeater, ClientRequest, "list[Trace]", aiohttp.ClientTimeout]


async def _send_again(call: Call, parameters: dict[str, Any]) -> tuple[Connection, aiohttp.ClientResponse]:
    """A new connection with the request on its way, and the response that stands for it."""
    connector, request, traces, timeout = call
    request.terminate()
    connection = await connector.connect(request, traces, timeout)
    assert connection.protocol is not None
    connection.protocol.set_response_params(**parameters)
    try:
        return connection, await request.send(connection)
    except BaseException:
        connection.close()
        raise


class Repeating(aiohttp.ClientResponse):
    """A response that is sent for once more if the connection is cut before it begins."""

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        handler = connection.protocol
        if not isinstance(handler, Handler) or handler.call is None:
            return await super().start(connection)
        story: Story | None = None
        while True:
            try:
                response = await super().start(connection)
            except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
                call = handler.call
                broken = handler.broken()
                connection.close()
                story = story or story_of(call[1])
                if broken is None or not await call[0].may_repeat(story, broken):
                    raise
            else:
                tracked, handler.call = handler.tracked, None
                if tracked is not None and tracked.is_telling:
                    handler.ledger.answered(tracked, self.headers.get("Keep-Alive"))
                return response
            connection, sent = await _send_again(call, handler.parameters)
            self._writer = sent._writer
            assert isinstance(connection.protocol, Handler)
            handler = connection.protocol


class Handler(ResponseHandler):
    """aiohttp's protocol with the ledger's side of one connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ledger: Ledger) -> None:
        super().__init__(loop)
        self.ledger = ledger
        self.tracked: Tracked | None = None
        self.call: Call | None = None
        self.parameters: dict[str, Any] = {}
        self.has_received = False
        self.liveness: Liveness | None = None

    def book(self, host: str, took_s: float) -> None:
        """The connection is established and carries its first request."""
        assert self.transport is not None
        peer = self.transport.get_extra_info("peername")
        address = str(peer[0]) if peer else host
        self.liveness = Liveness(self.transport.get_extra_info("socket"))
        self.tracked = self.ledger.opened(host, address, self._shut_soon, took_s)
        self.ledger.claim(self.tracked)

    def take(self, tracked: Tracked) -> bool:
        """Claim the idle connection for one more request; False if it may not or cannot carry one."""
        if not self.ledger.claim(tracked):
            return False
        if self.liveness is not None and self.liveness.has_something_to_read():
            self.ledger.closed_by_peer(tracked)
            self.ledger.release(tracked)
            return False
        return True

    def broken(self) -> Broken | None:
        """How far the exchange came that failed just now; the connection is retired."""
        tracked = self.tracked
        if tracked is None:
            return None
        cut = Cut.ANSWERED if self.has_received else Cut.UNANSWERED
        if cut is Cut.UNANSWERED and tracked.was_reused:
            self.ledger.closed_by_peer(tracked)
        else:
            self.ledger.retire(tracked, Retirement.FAILED)
        return Broken(host=tracked.host, tracked=tracked, cut=cut)

    def set_response_params(self, **parameters: Any) -> None:
        self.parameters = parameters
        super().set_response_params(**parameters)

    def data_received(self, data: bytes) -> None:
        self.has_received = True
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self.tracked is not None:
            if self.transport is not None and not self.tracked.streams:
                self.ledger.closed_by_peer(self.tracked)
            self.ledger.closed(self.tracked)
        super().connection_lost(exc)

    def _shut_soon(self) -> None:
        # The loop may be closed by now, and its connections with it.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._shut)

    def _shut(self) -> None:
        if self.tracked is not None and not self.tracked.streams:
            self.close()


def story_of(request: ClientRequest) -> Story:
    is_replayable = isinstance(request.body, (bytes, BytesPayload)) and "Expect" not in request.headers
    return Story(
        request.method,
        has_idempotency_key="Idempotency-Key" in request.headers,
        is_replayable=is_replayable,
    )
