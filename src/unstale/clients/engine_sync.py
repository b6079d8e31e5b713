"""An engine with the ledger in it: the pool's connections, and the network backend that resolves and connects.

The pool asks each connection whether it is available, idle or expired, and takes ConnectionNotAvailable for "choose
another"; that is the seam. It asks all of them twice a request and polls every idle socket for it; here a look at the
clock answers, and only the connection that is taken is polled.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterable, Iterator
from typing import Any

from unstale.clients import engine_pool
from unstale.clients.connect import SocketOption, bounded, connect, socket_options
from unstale.clients.engine import Engine
from unstale.clients.engine_link import Opening, opening
from unstale.clients.engine_pool import Body, Connection, Stream
from unstale.clients.ledger import Ledger


class FreshStream(Stream):
    """The stream of a thread."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data: bytes = self._inner.read(max_bytes, timeout)
        if data:
            self._link.has_received = True
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any:
        return FreshStream(self._inner.start_tls(ssl_context, server_hostname, timeout), self._link)


class FreshBackend:
    """Resolves by TTL, races the addresses and books the connection."""

    def __init__(self, engine: Engine, ledger: Ledger) -> None:
        self._engine = engine
        self._ledger = ledger
        self._options = socket_options(ledger.policy)
        self._inner = engine.network()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Any:
        request = opening.get()
        started = time.monotonic()
        sock, address = self._connect(host, port, timeout, local_address, socket_options or ())
        stream = self._engine.stream(sock)
        if request is None:
            return stream
        return FreshStream(stream, request.opened(host, address, time.monotonic() - started))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> Any:
        return self._inner.connect_unix_socket(path, timeout, socket_options)

    def _connect(
        self, host: str, port: int, timeout: float | None, local_address: str | None, options: Iterable[SocketOption]
    ) -> tuple[socket.socket, str]:
        ledger = self._ledger
        addresses: tuple[str, ...] = ()
        nodelay = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            addresses = ledger.in_order(host, ledger.resolver.addresses(host))
            won = connect(
                addresses,
                port,
                timeout_s=bounded(timeout, ledger.policy),
                attempt_delay_s=ledger.policy.attempt_delay_s,
                options=(nodelay, *self._options, *options),
                source_address=None if local_address is None else (local_address, 0),
            )
        except TimeoutError as error:
            ledger.avoid(host, addresses)
            raise self._engine.connect_timeout(error) from error
        except OSError as error:
            ledger.avoid(host, addresses)
            raise self._engine.connect_error(error) from error
        if won.failed:
            ledger.avoid(host, won.failed)
        return won.sock, won.address


class FreshConnection(Connection):
    """The connection of threads."""

    def handle_request(self, request: Any) -> Any:
        link = self._link
        opens: Opening | None = None
        if link.tracked is None:
            opens = Opening(link)
        else:
            if link.ledger.needs_look_up(link.tracked):
                with contextlib.suppress(socket.gaierror):
                    link.ledger.resolver.addresses(link.host)
            if not link.take(link.tracked):
                if self._is_to_be_closed():
                    self.close()
                raise link.engine.not_available
        link.begin(request)
        try:
            response = self._inner.handle_request(request)
        except BaseException as error:
            self._note_failure(opens, error)
            raise
        finally:
            if opens is not None:
                opens.end()
        if self._note_answer(opens, request, response):
            response.stream = FreshBody(response.stream, link, self._inner)
        return response

    def close(self) -> None:
        self._inner.close()
        self._note_closed()


class FreshBody(Body):
    """The body that a thread reads."""

    __slots__ = ()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        link = self._take_link()
        if link is None:
            return
        try:
            if hasattr(self._stream, "close"):
                self._stream.close()
        finally:
            self._give_back(link)


def freshen(pool: Any, engine: Engine, ledger: Ledger, *, is_http2_only: bool) -> None:
    """Put the ledger into a pool that the library has made, whatever its proxy."""
    backend = FreshBackend(engine, ledger)
    engine_pool.freshen(pool, engine, ledger, backend=backend, connection=FreshConnection, is_http2_only=is_http2_only)
