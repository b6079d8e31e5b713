"""The asynchronous half of `engine_sync`: the same steps, on asyncio and on trio."""

from __future__ import annotations

import contextlib
import functools
import socket
import time
import weakref
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any

import anyio
import anyio.to_thread

from unstale.clients.connect import bounded, socket_options
from unstale.clients.engine import Engine
from unstale.clients.engine_link import Link, Opening, note_protocol, opening
from unstale.clients.ledger import Ledger


class AsyncFreshStream:
    """A stream that notes whether anything of the answer came."""

    def __init__(self, inner: Any, link: Link) -> None:
        self._inner = inner
        self._link = link
        note_protocol(link, self)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data: bytes = await self._inner.read(max_bytes, timeout)
        if data:
            self._link.has_received = True
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> Any:
        return AsyncFreshStream(await self._inner.start_tls(ssl_context, server_hostname, timeout), self._link)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class AsyncFreshBackend:
    """Resolves by TTL, races the addresses and books the connection."""

    def __init__(self, engine: Engine, ledger: Ledger) -> None:
        self._engine = engine
        self._ledger = ledger
        self._options = socket_options(ledger.policy)
        self._inner = engine.async_network()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Any:
        request = opening.get()
        started = time.monotonic()
        addresses: tuple[str, ...] = ()
        try:
            with anyio.fail_after(bounded(timeout, self._ledger.policy)):
                addresses = self._ledger.in_order(host, await look_up(self._ledger, host))
                options = (*self._options, *(socket_options or ()))
                race = _Race(self._inner, self._engine.connect_error, port, local_address, options)
                stream, address = await race.run(addresses, self._ledger.policy.attempt_delay_s)
        except TimeoutError as error:
            self._ledger.avoid(host, addresses)
            raise self._engine.connect_timeout(error) from error
        except (OSError, self._engine.connect_error) as error:
            self._ledger.avoid(host, addresses)
            raise self._engine.connect_error(error) from error
        if overtaken := tuple(one for one in race.started if one != address):
            self._ledger.avoid(host, overtaken)
        if request is None:
            return stream
        return AsyncFreshStream(stream, request.opened(host, address, time.monotonic() - started))

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> Any:
        return await self._inner.connect_unix_socket(path, timeout, socket_options)

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


class _Race:
    def __init__(
        self,
        backend: Any,
        connect_error: type[Exception],
        port: int,
        local_address: str | None,
        options: tuple[Any, ...],
    ) -> None:
        self._backend = backend
        self._connect_error = connect_error
        self._port = port
        self._local_address = local_address
        self._options = options
        self._won: tuple[Any, str] | None = None
        self._error: BaseException = OSError("no address to connect to")
        self.started: list[str] = []

    async def run(self, addresses: tuple[str, ...], delay_s: float) -> tuple[Any, str]:
        if len(addresses) == 1:
            self.started.append(addresses[0])
            return await self._connect(addresses[0]), addresses[0]
        async with anyio.create_task_group() as tasks:
            for address in addresses:
                self.started.append(address)
                ended = anyio.Event()
                tasks.start_soon(self._try, address, ended, tasks.cancel_scope)
                with anyio.move_on_after(delay_s):
                    await ended.wait()
        if self._won is None:
            raise self._error
        return self._won

    async def _try(self, address: str, ended: anyio.Event, scope: anyio.CancelScope) -> None:
        try:
            stream = await self._connect(address)
        except self._connect_error as error:
            self._error = error
            ended.set()
            return
        if self._won is not None:
            await stream.aclose()
            return
        self._won = (stream, address)
        scope.cancel()

    async def _connect(self, address: str) -> Any:
        return await self._backend.connect_tcp(address, self._port, None, self._local_address, self._options)


class AsyncFreshConnection:
    """A pooled connection that asks the ledger before each request."""

    def __init__(self, inner: Any, link: Link) -> None:
        self._inner = inner
        self._link = link
        self._ledger = link.ledger

    async def handle_async_request(self, request: Any) -> Any:
        link = self._link
        if link.tracked is not None:
            opens = None
            if link.ledger.needs_look_up(link.tracked):
                with contextlib.suppress(socket.gaierror):
                    await look_up(link.ledger, link.host)
            if not link.take(link.tracked):
                if link.tracked.retired is not None and self._inner.is_idle():
                    await self.aclose()
                raise link.engine.not_available
        else:
            opens = Opening(link)
            token = opening.set(opens)
        link.begin(request)
        try:
            response = await self._inner.handle_async_request(request)
        except BaseException as error:
            link.failed(error)
            if link.tracked is not None and (opens is None or opens.has_opened):
                link.release(link.tracked, is_closed=self._inner.is_closed())
            raise
        finally:
            if opens is not None:
                opening.reset(token)
        if (tracked := link.join(opens)) is not None:
            tracked.may_be_cut = False
            if tracked.is_telling or response.status == 503:
                link.judge(tracked, request, response)
            assert isinstance(response.stream, AsyncIterable)
            response.stream = _AsyncBody(response.stream, link, self._inner)
        return response

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            if self._link.tracked is not None:
                self._ledger.closed(self._link.tracked)

    def can_handle_request(self, origin: Any) -> bool:
        return bool(self._inner.can_handle_request(origin))

    def is_available(self) -> bool:
        tracked = self._link.tracked
        return bool(self._inner.is_available()) and (tracked is None or self._link.is_free(tracked))

    def has_expired(self) -> bool:
        tracked = self._link.tracked
        if tracked is None:
            return bool(self._inner.has_expired())
        return not tracked.streams and not self._ledger.may_carry(tracked)

    def is_idle(self) -> bool:
        tracked = self._link.tracked
        return (tracked is None or not tracked.streams) and bool(self._inner.is_idle())

    def is_closed(self) -> bool:
        return bool(self._inner.is_closed())

    def is_connected(self) -> bool:
        return self._link.tracked is not None or bool(self._inner.is_connected())

    def can_multiplex(self) -> bool:
        return bool(self._inner.can_multiplex())

    def info(self) -> str:
        return str(self._inner.info())

    def __repr__(self) -> str:
        return repr(self._inner)


class _AsyncBody:
    """The answer's body; its end gives the connection back to the ledger."""

    __slots__ = ("_link", "_protocol", "_stream")

    def __init__(self, stream: AsyncIterable[bytes], link: Link, protocol: Any) -> None:
        self._stream = stream
        self._link: Link | None = link
        self._protocol = protocol

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        link, self._link = self._link, None
        if link is None:
            return
        try:
            if hasattr(self._stream, "aclose"):
                await self._stream.aclose()
        finally:
            if link.tracked is not None:
                link.release(link.tracked, is_closed=self._protocol.is_closed())


async def look_up(ledger: Ledger, host: str) -> tuple[str, ...]:
    """The addresses of `host`, from the cache or by a thread."""
    if ledger.resolver.is_current(host):
        return ledger.resolver.addresses(host)
    return await anyio.to_thread.run_sync(ledger.resolver.addresses, host, abandon_on_cancel=True)


def freshen(pool: Any, engine: Engine, ledger: Ledger, *, is_http2_only: bool) -> None:
    """Put the ledger into a pool that the library has made, whatever its proxy."""
    pool._network_backend = AsyncFreshBackend(engine, ledger)
    pool.create_connection = functools.partial(_connection, weakref.ref(pool), engine, ledger, is_http2_only)


def _connection(
    pool: weakref.ref[Any], engine: Engine, ledger: Ledger, is_http2_only: bool, origin: Any
) -> AsyncFreshConnection:
    own = pool()
    assert own is not None  # it is the caller
    link = Link(engine, ledger, origin.host.decode("ascii"), is_http2=is_http2_only)
    return AsyncFreshConnection(type(own).create_connection(own, origin), link)
