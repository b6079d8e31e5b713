"""A connector for aiohttp that sends no request on a stale connection.

    session = aiohttp.ClientSession(connector=FreshConnector())

Options and exceptions are those of aiohttp.TCPConnector, but for the resolver, which is this room's own with its cache.
The session's own repeat of idempotent requests stays as it is; it comes after the connector's.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_exceptions import UnixClientConnectorError
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest, ConnectionKey
from aiohttp.connector import AddrInfoType, Connection, SocketFactoryType

from unstale.clients.aiohttp_exchange import Handler, Repeating, story_of
from unstale.clients.connect import family_of, socket_options
from unstale.clients.dns import Resolver
from unstale.clients.events import Listener, Metrics
from unstale.clients.ledger import Ledger
from unstale.clients.policy import Cut, Policy
from unstale.clients.repeat import Broken, Story, may_repeat_async

if TYPE_CHECKING:
    import ssl as ssl_module

    from aiohttp.tracing import Trace

KEEPALIVE_TIMEOUT_S = 15.0  # aiohttp's own default


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
        policy: Policy | None = None,
        resolver: Resolver | None = None,
        listener: Listener | None = None,
    ) -> None:
        ledger = Ledger(policy, resolver, listener)
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
        )
        self.ledger = ledger
        factory: Callable[..., ResponseHandler] = Handler
        self._factory = functools.partial(factory, loop=self._loop, ledger=ledger)
        self._response_classes: dict[type[aiohttp.ClientResponse], type[aiohttp.ClientResponse]] = {}

    @property
    def metrics(self) -> Metrics:
        """Counts since the connector was made."""
        return self.ledger.metrics

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout) -> Connection:
        connection = None
        if not traces and req.proxy is None and not self._limit_per_host:
            connection = self._idle(req.connection_key)
        if connection is None:
            connection = await self._connect(req, traces, timeout)
        handler = connection.protocol
        if isinstance(handler, Handler):
            handler.call = (self, req, traces, timeout)
            handler.has_received = False
            wanted = req.response_class
            req.response_class = self._response_classes.get(wanted) or self._repeating(wanted)
        return connection

    def _idle(self, key: ConnectionKey) -> Connection | None:
        # The short way of `_get`: most requests find an idle connection, and pay for no coroutine to find it.
        idle = self._conns.get(key)
        while idle:
            handler = idle[0][0]
            if not isinstance(handler, Handler) or handler.tracked is None:
                return None
            if self.ledger.resolver.needs_look_up(handler.tracked.host):
                return None
            idle.popleft()
            if not idle:
                del self._conns[key]
            if handler.is_connected() and handler.take(handler.tracked):
                self._acquired.add(handler)
                return Connection(self, key, handler, self._loop)
            handler.close()
        return None

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
        ledger = self.ledger
        while (connection := await super()._get(key, traces)) is not None:
            handler = connection.protocol
            if not isinstance(handler, Handler) or (tracked := handler.tracked) is None:
                return connection
            if ledger.resolver.needs_look_up(tracked.host):
                with contextlib.suppress(socket.gaierror):
                    await ledger.resolver.addresses_async(tracked.host)
            if handler.take(tracked):
                return connection
            connection.close()
        return None

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        tracked = protocol.tracked if isinstance(protocol, Handler) else None
        if tracked is not None and tracked.streams:
            is_kept = self.ledger.release(tracked)
            should_close = should_close or not is_kept
        super()._release(key, protocol, should_close=should_close)

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

    def _repeating(self, wanted: type[aiohttp.ClientResponse]) -> type[aiohttp.ClientResponse]:
        if issubclass(wanted, Repeating):
            return wanted
        if wanted not in self._response_classes:
            self._response_classes[wanted] = type(
                wanted.__name__, (Repeating, wanted), {"__module__": wanted.__module__}
            )
        return self._response_classes[wanted]


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
    # A certificate does not become right by asking again.
    return isinstance(error, (aiohttp.ClientSSLError, UnixClientConnectorError))


async def _to_thread(function: Callable[[str], object], argument: str, /) -> object:
    return await asyncio.get_running_loop().run_in_executor(None, function, argument)
