"""The ledger's side of one connection of httpcore's, the same for threads and for tasks."""

from __future__ import annotations

import errno
import ssl
from contextvars import ContextVar
from typing import Any

from unstale.clients.connect import Liveness, hang_up
from unstale.clients.engine import Engine
from unstale.clients.ledger import Ledger
from unstale.clients.policy import SAFE_METHODS, Cut, Retirement, is_sidecar_503
from unstale.clients.repeat import Broken
from unstale.clients.tracked import Tracked

SAFE = frozenset(method.encode("ascii") for method in SAFE_METHODS)

# An answer's extension: what its 503 stands for.
BROKEN = "unstale.broken"
# The connection that is being opened in this thread or task, for the backend that opens it.
opening: ContextVar[Opening | None] = ContextVar("opening", default=None)
# The last failure in this thread or task, with the error that told it.
broken: ContextVar[tuple[BaseException, Broken] | None] = ContextVar("broken", default=None)


class Opening:
    """One request that may have to open the connection; with HTTP/2 others may wait for the same connection.

    The backend finds it in `opening`, from now to `end`.
    """

    __slots__ = ("_token", "has_opened", "link")

    def __init__(self, link: Link) -> None:
        self.link = link
        self.has_opened = False
        self._token = opening.set(self)

    def end(self) -> None:
        """The request has its answer, or failed."""
        opening.reset(self._token)

    def opened(self, host: str, address: str, took_s: float) -> Link:
        """The backend connected for this request, which has the connection."""
        self.link.opened(host, address, took_s)
        self.has_opened = True
        return self.link


class Link:
    """What the sync and the async connection have in common: the ledger's side of one connection."""

    def __init__(self, engine: Engine, ledger: Ledger, host: str, *, is_http2: bool) -> None:
        self.engine = engine
        self.ledger = ledger
        self.host = host
        self.tracked: Tracked | None = None
        self.stream: Any = None
        self.is_http2 = is_http2
        self.has_received = False
        self.is_safe = False
        self._liveness: Liveness | None = None

    def begin(self, request: Any) -> None:
        """A request takes the connection, or opens it."""
        self.is_safe = request.method in SAFE and not self.is_http2
        if self.tracked is not None:
            self.tracked.may_be_cut = self.is_safe

    def opened(self, host: str, address: str, took_s: float) -> None:
        """A connection was established and carries its first request."""
        if self.tracked is not None:
            self.ledger.closed(self.tracked)
        self.host = host
        self.stream = self._liveness = None
        tracked = self.ledger.opened(host, address, lambda: self.shut(tracked), took_s)
        self.tracked = tracked
        self.ledger.claim(tracked)
        tracked.may_be_cut = self.is_safe

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
        engine = self.engine
        tracked = self.tracked
        if tracked is not None:
            tracked.may_be_cut = False
        if not isinstance(error, engine.failures) or _is_stream_reset(error) or _is_distrust(error):
            return
        if isinstance(error, engine.connect_error):
            cut = Cut.NEVER_SENT
        elif isinstance(error, engine.connect_timeout):
            cut = Cut.CONNECT_TIMED_OUT
        elif isinstance(error, engine.read_timeout) and not _is_dead_peer(error):
            return
        else:
            cut = Cut.ANSWERED if self.has_received and not self.is_http2 else Cut.UNANSWERED
        broken.set((error, Broken(host=self.host, tracked=tracked, cut=cut)))
        if tracked is not None and cut is Cut.UNANSWERED and tracked.was_reused:
            self.ledger.closed_by_peer(tracked)
        elif tracked is not None:
            self.ledger.retire(tracked, Retirement.FAILED)

    def judge(self, tracked: Tracked, request: Any, response: Any) -> None:
        """Learn from the head of an answer, and note for the transport one that stands for a cut."""
        if response.status == 503 and self.ledger.policy.repeats_sidecar_503:
            scheme = request.url.scheme.decode("ascii")
            names = (b"server", b"x-envoy-upstream-service-time")
            if is_sidecar_503(503, scheme, *(header(response, name) for name in names)):
                self.ledger.retire(tracked, Retirement.FAILED)
                response.extensions[BROKEN] = Broken(host=self.host, tracked=tracked, cut=Cut.SIDECAR_503)
                return
        if tracked.is_telling:
            self.ledger.answered(tracked, header(response, b"keep-alive"))

    def shut(self, tracked: Tracked) -> bool:
        """End a connection from any thread: the pool finds it closed."""
        # In this order: what is open now may be the next connection, which belongs to somebody else.
        stream = self.stream
        sock = stream.get_extra_info("socket") if stream is not None else None
        if sock is not None and self.tracked is tracked:
            hang_up(sock)
        return True

    def _is_dead(self) -> bool:
        if self._liveness is None:
            assert self.stream is not None
            self._liveness = Liveness(self.stream.get_extra_info("socket"))
        return self._liveness.is_hung_up() if self.is_http2 else bool(self._liveness.poll())


def broken_by(outcome: Any) -> Broken | None:
    """How the exchange broke that a library's error or answer stands for; None if it did not, or nothing is known."""
    if not isinstance(outcome, BaseException):
        found: Broken | None = outcome.extensions.get(BROKEN)
        return found
    noted = broken.get()
    return noted[1] if noted is not None and noted[0] is outcome.__cause__ else None


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


def note_protocol(link: Link, stream: Any) -> None:
    """Remember the stream that carries HTTP, and which HTTP it is."""
    link.stream = stream
    ssl_object = stream.get_extra_info("ssl_object")
    if ssl_object is not None and ssl_object.selected_alpn_protocol() == "h2":
        link.is_http2 = True


def header(response: Any, wanted: bytes) -> str | None:
    """A header of an answer; `wanted` in small letters."""
    for name, value in response.headers:
        if len(name) == len(wanted) and name.lower() == wanted:
            return str(value.decode("latin-1"))
    return None
