"""An HTTP/1.1 server that does every fault on request, in a thread of its own, on several loopback addresses."""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

T = TypeVar("T")


class Do(StrEnum):
    """What the server does with one request."""

    ANSWER = "answer"
    HANG_UP = "hang up without running it"
    RUN_THEN_CUT = "run it, then hang up"
    RESET = "reset without running it"
    STAY_SILENT = "stay silent"
    ANSWER_AND_CLOSE = "answer with Connection: close"
    SIDECAR_503 = "answer in the place of a server, as Envoy does"
    SERVERS_503 = "answer 503 through Envoy"
    CUT_HEAD = "hang up within the head"
    RESET_HEAD = "reset within the head"
    CUT_BODY = "hang up within the body"
    SLOW_BODY = "send the body in pieces"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as the server saw it; `connection` counts from 0."""

    connection: int
    address: str
    method: str
    target: str
    body: bytes
    has_run: bool


class Server:
    """`plan` holds what to do with the next requests; after it `otherwise`, by address, and else an answer."""

    def __init__(
        self, addresses: tuple[str, ...] = ("127.0.0.1",), *, tls: ssl.SSLContext | None = None, keep_alive: str = ""
    ) -> None:
        self.addresses = addresses
        self.plan: deque[Do] = deque()
        self.otherwise: dict[str, Do] = {}
        self.keep_alive = keep_alive
        self.seen: list[Seen] = []
        self.connections = 0
        self.closed_by_client = threading.Semaphore(0)
        self.on_silence: Callable[[Seen], None] | None = None
        self._tls = tls
        self._open: dict[asyncio.StreamWriter, str] = {}
        self._writers: list[asyncio.StreamWriter] = []
        self._listeners: dict[str, asyncio.Server] = {}
        self._selector = selectors.DefaultSelector()
        self._loop = asyncio.SelectorEventLoop(self._selector)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = 0
        self._call(self._listen())

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def runs(self) -> int:
        return sum(seen.has_run for seen in self.seen)

    def end_idle(self, *, reset: bool = False) -> None:
        """Close every connection from this side; the FIN or RST is on its way when this returns."""
        self._call(self._end_idle(reset))

    def refuse(self, address: str) -> None:
        """Close the listener, as a server does that is gone."""
        self._call(self._refuse(address))

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        for address in self.addresses:
            listener = await asyncio.start_server(self._serve, address, self.port, ssl=self._tls)
            self._listeners[address] = listener
            self.port = listener.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        for address in list(self._listeners):
            await self._refuse(address)
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in self._writers:
            # A TLS connection waits for the other side's farewell, which may never come.
            writer.transport.abort()
        give_up_at = self._loop.time() + 2
        while len(self._selector.get_map()) > 1 and self._loop.time() < give_up_at:
            await asyncio.sleep(0)  # until the loop watches nothing but its own pipe

    async def _refuse(self, address: str) -> None:
        self._listeners.pop(address).close()

    async def _end_idle(self, reset: bool) -> None:
        for writer in list(self._open):
            _end(writer, reset=reset)
        for _ in range(8):
            await asyncio.sleep(0)  # TLS says farewell some turns of the loop later

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, self.connections = self.connections, self.connections + 1
        address = writer.get_extra_info("sockname")[0]
        self._open[writer] = address
        self._writers.append(writer)
        try:
            while await self._exchange(number, address, reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            self.closed_by_client.release()
        except asyncio.CancelledError:
            return
        finally:
            self._open.pop(writer, None)
            writer.close()

    async def _exchange(
        self, number: int, address: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        method, target, body = await _request(reader)
        do = self.plan.popleft() if self.plan else self.otherwise.get(address, Do.ANSWER)
        has_run = do not in (Do.HANG_UP, Do.RESET, Do.STAY_SILENT, Do.SIDECAR_503)
        self.seen.append(
            Seen(connection=number, address=address, method=method, target=target, body=body, has_run=has_run)
        )
        if do is Do.STAY_SILENT:
            if self.on_silence is not None:
                await self._loop.run_in_executor(None, self.on_silence, self.seen[-1])
            await reader.read()
        if do in (Do.HANG_UP, Do.RUN_THEN_CUT, Do.RESET, Do.STAY_SILENT):
            _end(writer, reset=do is Do.RESET)
            return False
        if do in (Do.SIDECAR_503, Do.SERVERS_503):
            passed_on = b"x-envoy-upstream-service-time: 3\r\n" if do is Do.SERVERS_503 else b""
            writer.write(
                b"HTTP/1.1 503 Service Unavailable\r\nserver: envoy\r\n%scontent-length: 2\r\n\r\nUC" % passed_on
            )
            await writer.drain()
            return True
        if do in (Do.CUT_HEAD, Do.RESET_HEAD):
            writer.write(b"HTTP/1.1 2")
            await writer.drain()
            _end(writer, reset=do is Do.RESET_HEAD)
            return False
        await self._answer(do, writer, address.encode())
        return do in (Do.ANSWER, Do.SLOW_BODY)

    async def _answer(self, do: Do, writer: asyncio.StreamWriter, body: bytes) -> None:
        head = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body)]
        if self.keep_alive:
            head.append(b"Keep-Alive: " + self.keep_alive.encode())
        if do is Do.ANSWER_AND_CLOSE:
            head.append(b"Connection: close")
        writer.write(b"\r\n".join([*head, b"", b""]))
        pieces = {Do.CUT_BODY: [body[:3]], Do.SLOW_BODY: [body[:3], body[3:]]}.get(do, [body])
        for piece in pieces:
            writer.write(piece)
            await writer.drain()


class Refusing:
    """Accepts TCP connections on one address and hangs up at once, before any handshake."""

    def __init__(self, address: str, port: int) -> None:
        self.accepted = 0
        self._sock = socket.create_server((address, port))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> Refusing:
        return self

    def __exit__(self, *_: object) -> None:
        self._sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._sock.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = self._sock.accept()
                self.accepted += 1
                accepted.close()


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, target, _ = head.split(" ", 2)
    length, is_chunked = 0, False
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        length = int(value) if name.lower() == "content-length" else length
        is_chunked = is_chunked or (name.lower() == "transfer-encoding" and "chunked" in value)
    if is_chunked:
        return method, target, await _chunks(reader)
    return method, target, await reader.readexactly(length)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)
    return body


def _end(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    sock = writer.get_extra_info("socket")
    if reset:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    else:
        writer.close()
