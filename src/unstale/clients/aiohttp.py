"""A connector for aiohttp that sends no request on a stale connection.

    session = aiohttp.ClientSession(connector=FreshConnector())

Options and exceptions are those of aiohttp.TCPConnector, but for the resolver, which is this room's own with its cache.
The session's own repeat of idempotent requests stays as it is; it comes after the connector's.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import socket
import ssl as ssl_module
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_exceptions import UnixClientConnectorError
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest, ConnectionKey
from aiohttp.connector import AddrInfoType, Connection, SocketFactoryType

from unstale.clients.aiohttp_exchange import Handler, IdleSince, story_of
from unstale.clients.aiohttp_parameters import HANDLER
from unstale.clients.connect import family_of, socket_options
from unstale.clients.dns import Resolver
from unstale.clients.events import Listener, Metrics
from unstale.clients.ledger import Ledger
from unstale.clients.policy import SAFE_METHODS, Cut, Policy
from unstale.clients.repeat import Broken, Story, may_repeat_async
from unstale.clients.tracked import Tracked

if TYPE_CHECKING:
    from aiohttp.tracing import Trace

KEEPALIVE_TIMEOUT_S = 15.0  # aiohttp's own default

UNSET: Any = object()

# A loop that sends a request so soon after the last one is at work and hears of a hang-up by itself. After a longer
# pause it may have stood still meanwhile, so the socket is asked; that costs 3 % of a busy client's processor time.
BUSY_S = 0.0002


class FreshConnector(aiohttp.TCPConnector):
    """aiohttp.TCPConnector with a policy. `resolver` may be shared between connectors."""

    def __init__(
        self,
        *,
        ssl: bool | aiohttp.Fingerprint | ssl_module.SSLContext = True,
        family: socket.AddressFamily = socket.AddressFamily.AF_UNSPEC,
        local_addr: tuple[str, int] | None = None,
        keepalive_timeout: float | None = KEEPALIVE_TIMEOUT_S,
        force_close: bool = False,
        limit: int = 100,
        limit_per_host: int = 0,
        enable_cleanup_closed: bool = False,
        loop: asyncio.AbstractEventLoop | None = None,
        timeout_ceil_threshold: float = 5,
        interleave: int | None = None,
        socket_factory: SocketFactoryType | None = None,
        ssl_shutdown_timeout: Any = UNSET,
        policy: Policy | None = None,
        resolver: Resolver | None = None,
        listener: Listener | None = None,
    ) -> None:
        ledger = Ledger(policy, resolver, listener)
        # An option of aiohttp 3.12 and newer, where None has a meaning.
        newer = {} if ssl_shutdown_timeout is UNSET else {"ssl_shutdown_timeout": ssl_shutdown_timeout}
        idle = [one for one in (keepalive_timeout, ledger.policy.max_idle_s) if one is not None]
        super().__init__(
            ssl=ssl,
            family=family,
            local_addr=local_addr,
            keepalive_timeout=None if force_close else min(idle, default=None),
            force_close=force_close,
            limit=limit,
            limit_per_host=limit_per_host,
            enable_cleanup_closed=enable_cleanup_closed,
            loop=loop,
            timeout_ceil_threshold=timeout_ceil_threshold,
            interleave=interleave,
            happy_eyeballs_delay=ledger.policy.attempt_delay_s,
            socket_factory=_socket_factory(ledger.policy, socket_factory),
            resolver=_LedgerResolver(ledger),
            use_dns_cache=False,
            **newer,
        )
        self.ledger = ledger
        self._asked_at = -math.inf
        factory: Callable[..., ResponseHandler] = HANDLER
        self._factory = functools.partial(factory, loop=self._loop, ledger=ledger, idle_since=IdleSince(self))

    @property
    def metrics(self) -> Metrics:
        """Counts since the connector was made."""
        return self.ledger.metrics

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout) -> Connection:
        if traces or self._limit_per_host or req.proxy is not None:
            connection = await self._connect(req, traces, timeout)
        else:
            # Most requests find an idle connection, and pay for no coroutine to find it.
            connection = self._idle(req.connection_key) or await self._connect(req, traces, timeout)
        handler = connection._protocol
        if isinstance(handler, Handler):
            handler.request = req
            handler.connection = connection
            handler.traces = traces
            handler.timeout = timeout
            if (tracked := handler.tracked) is not None:
                tracked.may_be_cut = req.method in SAFE_METHODS
        return connection

    def _idle(self, key: ConnectionKey) -> Connection | None:
        # The short way of `_get`.
        idle = self._conns.get(key)
        while idle:
            handler, since = idle[0]
            if type(handler) is not HANDLER or (tracked := handler.tracked) is None:
                return None
            is_usable = self.ledger.claim_idle(tracked, since)
            if is_usable is None:
                return None
            idle.popleft()
            if not idle:
                del self._conns[key]
            if is_usable and self._is_alive(handler, tracked.claimed_at):
                if tracked.is_counted:
                    handler.close_if_last(tracked)
                self._acquired.add(handler)
                return Connection(self, key, handler, self._loop)
            self._drop(handler, tracked)
        return None

    def _is_alive(self, handler: Handler, now: float) -> bool:
        before, self._asked_at = self._asked_at, now
        transport = handler.transport
        if transport is None or transport.is_closing():
            return False
        return now < before + BUSY_S or not handler.poll()

    def _drop(self, handler: Handler, tracked: Tracked) -> None:
        # Whatever is not retired by now was found dead.
        self.ledger.closed_by_peer(tracked)
        handler.close()

    async def _connect(self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout) -> Connection:
        story: Story | None = None
        while True:
            try:
                return await super().connect(req, traces, timeout)
            except (aiohttp.ClientConnectorError, _ConnectTimeoutError) as error:
                cut = Cut.CONNECT_TIMED_OUT if isinstance(error, _ConnectTimeoutError) else Cut.NEVER_SENT
                broken = Broken(host=_host(req), tracked=None, cut=cut)
                story = story or story_of(req)
                if _is_final(error) or not await self.may_repeat(story, broken):
                    raise

    async def may_repeat(self, story: Story, broken: Broken) -> bool:
        """True when the request shall be sent again now."""
        return await may_repeat_async(self.ledger, story, broken, sleep=asyncio.sleep, to_thread=_to_thread)

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        idle = self._conns.get(key)
        if idle and isinstance(handler := idle[0][0], Handler) and handler.tracked is not None:
            if self.ledger.needs_look_up(handler.tracked):
                with contextlib.suppress(socket.gaierror):
                    await self.ledger.resolver.addresses_async(handler.tracked.host)
            self._drop_unusable(key)
        return await super()._get(key, traces)

    def _drop_unusable(self, key: ConnectionKey) -> None:
        # Leaves the first connection claimed; the base class takes it without a break.
        idle = self._conns.get(key)
        while idle:
            handler, since = idle[0]
            if not isinstance(handler, Handler) or handler.tracked is None:
                return
            is_usable = self.ledger.claim_idle(handler.tracked, since, is_looked_up=True)
            if is_usable and self._is_alive(handler, handler.tracked.claimed_at):
                handler.close_if_last(handler.tracked)
                return
            idle.popleft()
            self._drop(handler, handler.tracked)

    async def _create_connection(
        self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> ResponseHandler:
        host = _host(req)
        started = time.monotonic()
        try:
            async with asyncio.timeout(self.ledger.policy.connect_timeout_s):
                handler = await super()._create_connection(req, traces, timeout)
        except aiohttp.ClientConnectorError:
            self.ledger.avoid(host, self.ledger.resolver.known(host))
            raise
        except TimeoutError as error:
            self.ledger.avoid(host, self.ledger.resolver.known(host))
            raise _ConnectTimeoutError from error
        if isinstance(handler, Handler):
            handler.book(host, time.monotonic() - started)
        return handler


class _ConnectTimeoutError(TimeoutError):
    """No connection came about in time; waiting for a free one is another time-out."""


class _LedgerResolver(AbstractResolver):
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        known = await self._ledger.resolver.addresses_async(host)
        wanted = [one for one in known if family in (socket.AF_UNSPEC, family_of(one))]
        if not wanted:
            raise socket.gaierror(socket.EAI_NONAME, "the name has no address of this family")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=family_of(address),
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in self._ledger.in_order(host, tuple(wanted))
        ]

    async def close(self) -> None:
        return


def _socket_factory(policy: Policy, given: SocketFactoryType | None) -> SocketFactoryType:
    options = socket_options(policy)

    def make(address: AddrInfoType) -> socket.socket:
        family, kind, proto, _, _ = address
        sock = given(address) if given is not None else socket.socket(family=family, type=kind, proto=proto)
        for option in options:
            sock.setsockopt(*option)
        return sock

    return make


def _host(request: ClientRequest) -> str:
    url = request.proxy or request.url
    return url.raw_host or ""


def _is_final(error: BaseException) -> bool:
    # A handshake that was cut may succeed elsewhere; a certificate does not become right by asking again.
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return not isinstance(error.__cause__, (ssl_module.SSLEOFError, ssl_module.SSLZeroReturnError))
    return isinstance(error, (aiohttp.ClientSSLError, UnixClientConnectorError))


async def _to_thread(function: Callable[[str], object], argument: str, /) -> object:
    return await asyncio.get_running_loop().run_in_executor(None, function, argument)
