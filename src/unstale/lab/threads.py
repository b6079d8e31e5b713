"""A synchronous application: a fixed number of connections, one thread each, and a schedule of requests.

Who is free takes the next request that is due.
"""

from __future__ import annotations

import collections
import http.client
import math
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from unstale.lab.ledger import Request
from unstale.lab.names import Names, sleep_until
from unstale.lab.program import NOT_SENT, Answer, FailedError, Load, Note


class AppConnection(Protocol):
    """One connection of the application, opened when needed."""

    def exchange(self, request_id: str) -> Answer:
        """Send one request and read its answer. Raises OSError, HTTPException or FailedError where none came."""

    def close(self) -> None:
        """Close it; the next request opens another."""

    @property
    def address(self) -> str:
        """The address it was opened to, "" where it was not."""


_WINDOW_S = 5.0
_SLOW_S = 1.0
_LONGEST_S = 10.0
_LONGEST_ON_A_BUSY_MACHINE_S = 120.0
"""A load is given up this long after its end in any case."""

Connect = Callable[[Load, Names], AppConnection]


def send(load: Load, start: float, note: Note, connect: Connect) -> None:
    """Send the whole load over connections that `connect` makes, one thread each."""
    _Generator(load, start, note, connect).run()


class Patience:
    """When a load that is behind its schedule is given up: when it hardly gets through any more.

    What is left then counts as failed. A fixed time would blame the policy for a machine that is busy with other work:
    as long as requests get through, however late, the rest is worth sending. Requests that wait for a time-out tell
    such a machine from a fault: where those that end well took long by themselves, less patience is due.
    """

    def __init__(self, load: Load, start: float) -> None:
        self._end = start + load.pace.duration_s + load.timeout_s + load.work.takes_s
        self._well: collections.deque[Request] = collections.deque(maxlen=max(4, math.ceil(load.pace.rate / 10)))

    def saw(self, request: Request) -> None:
        """A request has ended."""
        if request.is_ok:
            self._well.append(request)

    def is_over(self) -> bool:
        """Whether to give up now."""
        now = time.monotonic()
        if now < self._end:
            return False
        well = tuple(self._well)
        is_moving = len(well) == self._well.maxlen and now - well[0].ended <= _WINDOW_S
        slow = sum(request.ended - request.sent > _SLOW_S for request in well)
        longest_s = _LONGEST_S if slow > len(well) / 10 else _LONGEST_ON_A_BUSY_MACHINE_S
        return not is_moving or now > self._end + longest_s


class _Generator:
    """Hands out the schedule to the connections' threads."""

    def __init__(self, load: Load, start: float, note: Note, connect: Connect) -> None:
        self._load = load
        self._start = start
        self._note = note
        self._connect = connect
        self._patience = Patience(load, start)
        self._lock = threading.Lock()
        self._schedule: Iterator[tuple[int, float]] = enumerate(start + due_s for due_s in load.work.due(load.pace))
        self._names = Names(load.host, load.port, load.ttl_s, load.resolver)

    def run(self) -> None:
        if self._load.habit.refreshes:
            threading.Thread(target=self._names.keep_fresh, args=(self._start,), daemon=True).start()
        threads = [threading.Thread(target=self._work) for _ in range(self._load.pace.connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number, due in self._schedule:
            self._note(self._unsent(number, due))

    def _work(self) -> None:
        connection = self._connect(self._load, self._names)
        free_at = self._start
        while not self._patience.is_over():
            with self._lock:
                ticket = next(self._schedule, None)
            if ticket is None:
                break
            number, due = ticket
            sleep_until(due)
            request = self._exchange(connection, f"{number:06d}", due, max(due, free_at))
            free_at = request.ended
            self._patience.saw(request)
            self._note(request)
        connection.close()

    def _exchange(self, connection: AppConnection, request_id: str, due: float, ready: float) -> Request:
        if self._load.habit.refreshes and connection.address and self._names.has_left(connection.address):
            connection.close()
        sent = time.monotonic()
        answer = Answer(status=0, body_bytes=0)
        try:
            answer = connection.exchange(request_id)
        except (OSError, http.client.HTTPException, FailedError) as failure:
            answer = Answer(status=0, body_bytes=0, error=in_words(failure))
        if answer.status == 0 or self._load.habit.closes:
            connection.close()
        return Request(
            id=request_id,
            due=due,
            sent=sent,
            ended=time.monotonic(),
            late_s=max(0.0, sent - ready),
            status=answer.status,
            body_bytes=answer.body_bytes,
            error=answer.error,
        )

    def _unsent(self, number: int, due: float) -> Request:
        end = time.monotonic()
        return Request(
            id=f"{number:06d}", due=due, sent=end, ended=end, late_s=0.0, status=0, body_bytes=0, error=NOT_SENT
        )


def in_words(failure: Exception) -> str:
    """What an application's error says of the request."""
    match failure:
        case FailedError():
            return str(failure)
        case TimeoutError():
            return "client time-out"
        case socket.gaierror():
            return f"name not resolved: {failure.strerror}"
        case http.client.RemoteDisconnected():
            return "connection closed without an answer"
        case ssl.SSLCertVerificationError():
            return f"certificate refused: {failure.verify_message}"
        case ssl.SSLEOFError():
            return "connection closed during the TLS handshake"
        case _:
            return getattr(failure, "strerror", None) or type(failure).__name__
