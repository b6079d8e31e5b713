"""The ledger's side of one httpcore connection, the same for threads and for tasks."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
from contextvars import ContextVar

import httpcore

from unstale.clients.connect import Liveness
from unstale.clients.ledger import Ledger
from unstale.clients.policy import Cut, Retirement
from unstale.clients.repeat import Broken
from unstale.clients.tracked import Tracked

Stream = httpcore.NetworkStream | httpcore.AsyncNetworkStream

# The connection that is being opened in this thread or task, for the backend that opens it.
opening: ContextVar[Opening | None] = ContextVar("opening", default=None)
# The last failure in this thread or task, with the error that told it.
broken: ContextVar[tuple[BaseException, Broken] | None] = ContextVar("broken", default=None)

FAILURES = (httpcore.NetworkError, httpcore.RemoteProtocolError, httpcore.ReadTimeout, httpcore.ConnectTimeout)


class Opening:
    """One request that may have to open the connection; with HTTP/2 others may wait for the same connection."""

    __slots__ = ("has_opened", "link")

    def __init__(self, link: Link) -> None:
        self.link = link
        self.has_opened = False

    def opened(self, host: str, address: str, took_s: float) -> Link:
        """The backend connected for this request, which has the connection."""
        self.link.opened(host, address, took_s)
        self.has_opened = True
        return self.link


class Link:
    """What the sync and the async connection have in common: the ledger's side of one connection."""

    def __init__(self, ledger: Ledger, host: str, *, is_http2: bool) -> None:
        self.ledger = ledger
        self.host = host
        self.tracked: Tracked | None = None
        self.stream: Stream | None = None
        self.is_http2 = is_http2
        self.has_received = False
        self._liveness: Liveness | None = None

    def opened(self, host: str, address: str, took_s: float) -> None:
        """A connection was established and carries its first request."""
        if self.tracked is not None:
            self.ledger.closed(self.tracked)
        self.host = host
        self.tracked = self.ledger.opened(host, address, self.shut, took_s)
        self.ledger.claim(self.tracked)

    def join(self, opening: Opening | None) -> Tracked | None:
        """The connection that carried a request; one that only waited for it to open is booked now."""
        if opening is not None and not opening.has_opened and self.tracked is not None:
            self.ledger.join(self.tracked)
        return self.tracked

    def take(self, tracked: Tracked) -> bool:
        """Claim an open connection for one more request; False if it may not or cannot carry one."""
        if not self.ledger.claim(tracked, is_shared=self.is_http2):
            return False
        if tracked.streams == 1:
            if self._is_dead():
                self.ledger.closed_by_peer(tracked)
                self.ledger.release(tracked)
                return False
            self.has_received = False
        return True

    def is_free(self, tracked: Tracked) -> bool:
        """True if `take` may succeed now."""
        return (self.is_http2 or not tracked.streams) and self.ledger.may_carry(tracked)

    def release(self, tracked: Tracked, *, is_closed: bool) -> None:
        self.ledger.release(tracked)
        if is_closed:
            self.ledger.closed(tracked)

    def failed(self, error: BaseException) -> None:
        """Note how far the exchange came, for the transport that decides about a repeat."""
        if not isinstance(error, FAILURES) or _is_stream_reset(error) or _is_distrust(error):
            return
        tracked = self.tracked
        if isinstance(error, httpcore.ConnectError):
            cut = Cut.NEVER_SENT
        elif isinstance(error, httpcore.ConnectTimeout):
            cut = Cut.CONNECT_TIMED_OUT
        elif isinstance(error, httpcore.ReadTimeout) and not _is_dead_peer(error):
            return
        else:
            cut = Cut.ANSWERED if self.has_received and not self.is_http2 else Cut.UNANSWERED
        broken.set((error, Broken(host=self.host, tracked=tracked, cut=cut)))
        if tracked is not None and cut is Cut.UNANSWERED and tracked.was_reused:
            self.ledger.closed_by_peer(tracked)
        elif tracked is not None:
            self.ledger.retire(tracked, Retirement.FAILED)

    def shut(self) -> None:
        """End the idle connection from any thread: the pool finds it closed."""
        sock = self.stream.get_extra_info("socket") if self.stream is not None else None
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _is_dead(self) -> bool:
        if self._liveness is None:
            assert self.stream is not None
            self._liveness = Liveness(self.stream.get_extra_info("socket"))
        return self._liveness.is_hung_up() if self.is_http2 else self._liveness.has_something_to_read()


def _is_dead_peer(error: BaseException) -> bool:
    # TCP_USER_TIMEOUT and keepalive end a connection with ETIMEDOUT; a time-out of the library's has no errno.
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno == errno.ETIMEDOUT


def _is_distrust(error: BaseException) -> bool:
    # A certificate does not become right by asking again.
    return isinstance(error.__cause__, ssl.SSLCertVerificationError)


def _is_stream_reset(error: BaseException) -> bool:
    # HTTP/2: the server refused this one stream, the connection is well.
    return bool(error.args) and hasattr(error.args[0], "remote_reset")


def note_protocol(link: Link, stream: Stream) -> None:
    """Remember the stream that carries HTTP, and which HTTP it is."""
    link.stream = stream
    ssl_object = stream.get_extra_info("ssl_object")
    if ssl_object is not None and ssl_object.selected_alpn_protocol() == "h2":
        link.is_http2 = True


def keep_alive_of(response: httpcore.Response) -> str | None:
    """The Keep-Alive header of an answer."""
    for name, value in response.headers:
        if len(name) == 10 and name.lower() == b"keep-alive":
            return value.decode("latin-1")
    return None
