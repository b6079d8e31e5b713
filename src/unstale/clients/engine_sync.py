"""An engine with the ledger in it: the pool's connections, and the network backend that resolves and connects.

The pool asks each connection whether it is available, idle or expired, and takes ConnectionNotAvailable for "choose
another"; that is the seam. It asks all of them twice a request and polls every idle socket for it; here a look at the
clock answers, and only the connection that is taken is polled.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import time
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

from unstale.clients.connect import SocketOption, bounded, connect, socket_options
from unstale.clients.engine import Engine
from unstale.clients.engine_link import Link, Opening, note_protocol, opening
from unstale.clients.ledger import Ledger
from unstale.clients.tracked import Tracked


class FreshStream:
    """A stream that notes whether anything of the answer came."""

    def __init__(self, inner: Any, link: Link) -> None:
        self._inner = inner
        self._link = link
        note_protocol(link, self)

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

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


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


class FreshConnection:
    """A pooled connection that asks the ledger before each request."""

    def __init__(self, inner: Any, link: Link) -> None:
        self._inner = inner
        self._link = link
        self._ledger = link.ledger

    def handle_request(self, request: Any) -> Any:
        link = self._link
        if link.tracked is not None:
            opens = None
            refresh_if_out(link, link.tracked)
            if not link.take(link.tracked):
                if link.tracked.retired is not None and self._inner.is_idle():
                    self.close()
                raise link.engine.not_available
        else:
            opens = Opening(link)
            token = opening.set(opens)
        link.begin(request)
        try:
            response = self._inner.handle_request(request)
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
            assert isinstance(response.stream, Iterable)
            response.stream = _Body(response.stream, link, self._inner)
        return response

    def close(self) -> None:
        self._inner.close()
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


class _Body:
    """The answer's body; its end gives the connection back to the ledger."""

    __slots__ = ("_link", "_protocol", "_stream")

    def __init__(self, stream: Iterable[bytes], link: Link, protocol: Any) -> None:
        self._stream = stream
        self._link: Link | None = link
        self._protocol = protocol

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        link, self._link = self._link, None
        if link is None:
            return
        try:
            if hasattr(self._stream, "close"):
                self._stream.close()
        finally:
            if link.tracked is not None:
                link.release(link.tracked, is_closed=self._protocol.is_closed())


def refresh_if_out(link: Link, tracked: Tracked) -> None:
    """Look up, blocking, a host that nobody asked about while its answer ran out."""
    if link.ledger.needs_look_up(tracked):
        with contextlib.suppress(socket.gaierror):
            link.ledger.resolver.addresses(link.host)


def freshen(pool: Any, engine: Engine, ledger: Ledger, *, is_http2_only: bool) -> None:
    """Put the ledger into a pool that the library has made, whatever its proxy."""
    pool._network_backend = FreshBackend(engine, ledger)
    pool.create_connection = functools.partial(_connection, weakref.ref(pool), engine, ledger, is_http2_only)


def _connection(
    pool: weakref.ref[Any], engine: Engine, ledger: Ledger, is_http2_only: bool, origin: Any
) -> FreshConnection:
    own = pool()
    assert own is not None  # it is the caller
    link = Link(engine, ledger, origin.host.decode("ascii"), is_http2=is_http2_only)
    return FreshConnection(type(own).create_connection(own, origin), link)
