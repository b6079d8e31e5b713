"""What the ledger adds to an engine's pool, the same for threads and for tasks: streams, connections, bodies.

Where nothing is waited for, the two halves are one: what a connection answers its pool, what is noted before a request,
after its answer and after its failure, and when a body gives the connection back. `engine_sync` and `engine_async` put
the waiting around it.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any

from unstale.clients.engine import Engine
from unstale.clients.engine_link import Link, Opening, note_protocol
from unstale.clients.ledger import Ledger


class Stream:
    """A stream that notes whether anything of the answer came."""

    def __init__(self, inner: Any, link: Link) -> None:
        self._inner = inner
        self._link = link
        note_protocol(link, self)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class Connection:
    """A pooled connection that asks the ledger before each request."""

    def __init__(self, inner: Any, link: Link) -> None:
        self._inner = inner
        self._link = link
        self._ledger = link.ledger

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

    def _is_to_be_closed(self) -> bool:
        """True if a connection that could not be taken is retired, and no request is on it."""
        tracked = self._link.tracked
        return tracked is not None and tracked.retired is not None and bool(self._inner.is_idle())

    def _note_failure(self, opens: Opening | None, error: BaseException) -> None:
        """The request failed; `opens` if it may have had to open the connection."""
        link = self._link
        link.failed(error)
        if link.tracked is not None and (opens is None or opens.has_opened):
            link.release(link.tracked, is_closed=self._inner.is_closed())

    def _note_answer(self, opens: Opening | None, request: Any, response: Any) -> bool:
        """The head of the answer came; True if its body has to give the connection back."""
        tracked = self._link.join(opens)
        if tracked is None:
            return False
        tracked.may_be_cut = False
        if tracked.is_telling or response.status == 503:
            self._link.judge(tracked, request, response)
        return True

    def _note_closed(self) -> None:
        if self._link.tracked is not None:
            self._ledger.closed(self._link.tracked)


class Body:
    """The answer's body; its end gives the connection back to the ledger, once."""

    __slots__ = ("_link", "_protocol", "_stream")

    def __init__(self, stream: Any, link: Link, protocol: Any) -> None:
        self._stream = stream
        self._link: Link | None = link
        self._protocol = protocol

    def _take_link(self) -> Link | None:
        """What the end gives back; None the second time."""
        link, self._link = self._link, None
        return link

    def _give_back(self, link: Link) -> None:
        if link.tracked is not None:
            link.release(link.tracked, is_closed=self._protocol.is_closed())


def freshen(
    pool: Any,
    engine: Engine,
    ledger: Ledger,
    *,
    backend: object,
    connection: Callable[[Any, Link], Connection],
    is_http2_only: bool,
) -> None:
    """Put the ledger into a pool that the library has made, whatever its proxy."""
    pool._network_backend = backend
    pool.create_connection = functools.partial(
        _connection, weakref.ref(pool), engine, ledger, connection, is_http2_only
    )


def _connection(
    pool: weakref.ref[Any],
    engine: Engine,
    ledger: Ledger,
    connection: Callable[[Any, Link], Connection],
    is_http2_only: bool,
    origin: Any,
) -> Connection:
    own = pool()
    assert own is not None  # it is the caller
    link = Link(engine, ledger, origin.host.decode("ascii"), is_http2=is_http2_only)
    return connection(type(own).create_connection(own, origin), link)
