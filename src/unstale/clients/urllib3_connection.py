"""One connection of urllib3's: it resolves by TTL, races the addresses, books itself, and knows how far it came."""

from __future__ import annotations

import http.client
import socket
import sys
import time
from typing import Any

import urllib3.connection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.timeout import Timeout

from unstale.clients.connect import Liveness, bounded, connect, hang_up, socket_options
from unstale.clients.ledger import Ledger
from unstale.clients.policy import Cut
from unstale.clients.tracked import Tracked


class Answer(http.client.HTTPResponse):
    """An answer that knows whether any byte of it came."""

    has_begun = False

    def _read_status(self) -> Any:
        # Nothing is there at all if the connection was cut before the answer; a reset raises here, as it always did.
        self.has_begun = bool(self.fp.peek(1))
        return super()._read_status()  # type: ignore[misc]


class FreshConnection(urllib3.connection.HTTPConnection):
    """Resolves by TTL, races the addresses and books the connection; `ledger` is set by the pool.

    One object of urllib3's is many connections, one after the other. `tracked` is the one that is open, `carrier` the
    one that carries or carried the last request: a failure closes the connection before anybody asks which it was.
    """

    ledger: Ledger
    tracked: Tracked | None = None
    carrier: Tracked | None = None
    liveness: Liveness | None = None
    answer: Answer | None = None
    is_handed_over = False
    is_safe = False

    def how_far(self) -> Cut:
        """How far the exchange came on a connection that was established and cut."""
        if not self.is_handed_over:
            return Cut.NEVER_SENT
        return Cut.ANSWERED if self.answer is not None and self.answer.has_begun else Cut.UNANSWERED

    def response_class(self, sock: socket.socket, **kwargs: Any) -> Answer:  # type: ignore[override]
        self.answer = Answer(sock, **kwargs)
        return self.answer

    def begin(self, tracked: Tracked | None, *, is_safe: bool) -> None:
        """A request takes the connection `tracked`, or will open one if there is none."""
        self.answer = None
        self.carrier = tracked
        self.is_safe = is_safe
        self.is_handed_over = tracked is not None
        if tracked is not None:
            tracked.may_be_cut = is_safe

    def connect(self) -> None:
        super().connect()
        # The request follows at once.
        self.is_handed_over = True

    @property
    def is_connected(self) -> bool:
        if self.sock is None or self.tracked is None:
            return super().is_connected
        if self.liveness is None:
            self.liveness = Liveness(self.sock)
        if self.liveness.poll():
            self.ledger.closed_by_peer(self.tracked)
            return False
        return True

    def _new_conn(self) -> socket.socket:
        host, ledger = self._dns_host, self.ledger
        started = time.monotonic()
        timeout = Timeout.resolve_default_timeout(self.timeout)
        addresses: tuple[str, ...] = ()
        try:
            addresses = ledger.in_order(host, ledger.resolver.addresses(host))
            won = connect(
                addresses,
                self.port,
                timeout_s=bounded(timeout, ledger.policy),
                attempt_delay_s=ledger.policy.attempt_delay_s,
                options=(*socket_options(ledger.policy), *(self.socket_options or ())),
                source_address=self.source_address,
            )
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            ledger.avoid(host, addresses)
            text = f"Connection to {self.host} timed out. (connect timeout={self.timeout})"
            raise ConnectTimeoutError(self, text) from error
        except OSError as error:
            ledger.avoid(host, addresses)
            raise NewConnectionError(self, f"Failed to establish a new connection: {error}") from error
        if won.failed:
            ledger.avoid(host, won.failed)
        won.sock.settimeout(timeout)
        tracked = ledger.opened(host, won.address, lambda: self._shut(tracked), time.monotonic() - started)
        self.tracked = self.carrier = tracked
        ledger.claim(tracked)
        tracked.may_be_cut = self.is_safe
        sys.audit("http.client.connect", self, self.host, self.port)
        return won.sock

    def close(self) -> None:
        tracked, self.tracked, self.liveness = self.tracked, None, None
        if tracked is not None:
            self.ledger.closed(tracked)
        super().close()

    def _shut(self, tracked: Tracked) -> bool:
        # In this order: what is open now may be the next connection, which belongs to somebody else.
        sock = self.sock
        if sock is not None and self.tracked is tracked:
            hang_up(sock)
        return True


class FreshHTTPSConnection(FreshConnection, urllib3.connection.HTTPSConnection):
    pass
