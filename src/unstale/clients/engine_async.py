"""The asynchronous half of `engine_sync`: the same steps, on asyncio and on trio."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

import anyio
import anyio.to_thread

from unstale.clients import engine_pool
from unstale.clients.connect import bounded, socket_options
from unstale.clients.engine import Engine
from unstale.clients.engine_link import Opening, opening
from unstale.clients.engine_pool import Body, Connection, Stream
from unstale.clients.ledger import Ledger


class AsyncFreshStream(Stream):
    """The stream of a task."""

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


class AsyncFreshConnection(Connection):
    """The connection of tasks."""

    async def handle_async_request(self, request: Any) -> Any:
        link = self._link
        opens: Opening | None = None
        if link.tracked is None:
            opens = Opening(link)
        else:
            if link.ledger.needs_look_up(link.tracked):
                with contextlib.suppress(socket.gaierror):
                    await look_up(link.ledger, link.host)
            if not link.take(link.tracked):
                if self._is_to_be_closed():
                    await self.aclose()
                raise link.engine.not_available
        link.begin(request)
        try:
            response = await self._inner.handle_async_request(request)
        except BaseException as error:
            self._note_failure(opens, error)
            raise
        finally:
            if opens is not None:
                opens.end()
        if self._note_answer(opens, request, response):
            response.stream = AsyncFreshBody(response.stream, link, self._inner)
        return response

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            self._note_closed()


class AsyncFreshBody(Body):
    """The body that a task reads."""

    __slots__ = ()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        link = self._take_link()
        if link is None:
            return
        try:
            if hasattr(self._stream, "aclose"):
                await self._stream.aclose()
        finally:
            self._give_back(link)


async def look_up(ledger: Ledger, host: str) -> tuple[str, ...]:
    """The addresses of `host`, from the cache or by a thread."""
    if ledger.resolver.is_current(host):
        return ledger.resolver.addresses(host)
    return await anyio.to_thread.run_sync(ledger.resolver.addresses, host, abandon_on_cancel=True)


def freshen(pool: Any, engine: Engine, ledger: Ledger, *, is_http2_only: bool) -> None:
    """Put the ledger into a pool that the library has made, whatever its proxy."""
    backend = AsyncFreshBackend(engine, ledger)
    engine_pool.freshen(
        pool, engine, ledger, backend=backend, connection=AsyncFreshConnection, is_http2_only=is_http2_only
    )
