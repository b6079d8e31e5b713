"""The load generator: an application with a fixed number of connections and a schedule of requests.

One thread a connection, as a synchronous application has it. Who is free takes the next request that is due.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from unstale.lab.apps import App
from unstale.lab.children import Channel
from unstale.lab.ledger import Request
from unstale.lab.recording import write_rows
from unstale.lab.registry import members

BODY = b'{"amount": 1}'
NOT_SENT = "not sent: every connection was busy to the end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the application does. `timeout_s` is its patience for one request; `ttl_s` how often it refreshes DNS."""

    app: App
    host: str
    port: int
    method: str
    rate: float
    connections: int
    duration_s: float
    timeout_s: float
    ttl_s: float
    workload: str = "steady"


def run(channel: Channel, load: Load) -> None:
    """The application's process: wait for the start, send everything, write the ledger.

    Orders: `{"start": MONOTONIC_SECONDS, "path": PATH}`. Ends at once when its cell is gone.
    """
    load.host.encode("idna")  # loads the codec that the first look-up would wait for
    order = channel.receive()
    if order is None:
        return
    generator = _Generator(load, float(order["start"]))
    threading.Thread(target=_end_with_cell, args=(channel,), daemon=True).start()
    requests = generator.run()
    write_rows(Path(order["path"]), (request.to_json() for request in requests))
    channel.tell({"sent": len(requests)})
    os._exit(0)


def _end_with_cell(channel: Channel) -> None:
    if channel.receive() is None:
        os._exit(1)


class _Generator:
    """Hands out the schedule to the connections' threads and gathers what became of it."""

    def __init__(self, load: Load, start: float) -> None:
        self._load = load
        self._start = start
        self._give_up = start + load.duration_s + load.timeout_s
        self._lock = threading.Lock()
        self._schedule = self._numbered(load, start)
        self._names = _Names(load)

    def run(self) -> list[Request]:
        """Send everything; returns when the last request has ended or the schedule was given up."""
        if self._load.app.refreshes:
            threading.Thread(target=self._names.keep_fresh, args=(self._start,), daemon=True).start()
        results: list[list[Request]] = [[] for _ in range(self._load.connections)]
        threads = [threading.Thread(target=self._work, args=(result,)) for result in results]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done = [request for result in results for request in result]
        done.extend(self._unsent(number, due) for number, due in self._schedule)
        return sorted(done, key=lambda request: request.due)

    def _numbered(self, load: Load, start: float) -> Iterator[tuple[int, float]]:
        times = members("unstale.lab.workloads", "WORKLOAD")[load.workload]
        return enumerate(start + after_s for after_s in times(load.rate, load.duration_s))

    def _work(self, done: list[Request]) -> None:
        connection = _Connection(self._load, self._names)
        free_at = self._start
        while time.monotonic() < self._give_up:
            with self._lock:
                ticket = next(self._schedule, None)
            if ticket is None:
                break
            number, due = ticket
            _sleep_until(due)
            request = connection.send(f"{number:06d}", due, max(due, free_at))
            free_at = request.ended
            done.append(request)
        connection.close()

    def _unsent(self, number: int, due: float) -> Request:
        end = self._give_up
        return Request(
            id=f"{number:06d}",
            due=due,
            sent=end,
            ended=end,
            late_s=0.0,
            status=0,
            body_bytes=0,
            error=NOT_SENT,
        )


class _Connection:
    """One connection of the application, opened when needed, kept or closed as its app does."""

    def __init__(self, load: Load, names: _Names) -> None:
        self._load = load
        self._names = names
        self._address = ""
        self._http: http.client.HTTPConnection | None = None
        self._headers = {"host": _authority(load.host, load.port), "user-agent": "unstale-lab"}
        if load.app.closes:
            self._headers["connection"] = "close"
        self._body = BODY if load.method in ("POST", "PUT", "PATCH") else None

    def send(self, request_id: str, due: float, ready: float) -> Request:
        """Send one request to its end; every way of failing becomes a row of the ledger."""
        if self._http is not None and self._load.app.refreshes and self._names.has_left(self._address):
            self.close()
        sent = time.monotonic()
        status, size, error = 0, 0, ""
        try:
            status, size = self._exchange(request_id)
        except TimeoutError:
            error = "client time-out"
        except socket.gaierror as failure:
            error = f"name not resolved: {failure.strerror}"
        except http.client.RemoteDisconnected:
            error = "connection closed without an answer"
        except (OSError, http.client.HTTPException) as failure:
            error = getattr(failure, "strerror", None) or type(failure).__name__
        if error or self._load.app.closes:
            self.close()
        return Request(
            id=request_id,
            due=due,
            sent=sent,
            ended=time.monotonic(),
            late_s=max(0.0, sent - ready),
            status=status,
            body_bytes=size,
            error=error,
        )

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def _exchange(self, request_id: str) -> tuple[int, int]:
        if self._http is None:
            self._address = self._names.resolve()
            self._http = http.client.HTTPConnection(self._address, self._load.port, timeout=self._load.timeout_s)
        headers = {**self._headers, "x-request-id": request_id}
        self._http.request(self._load.method, f"/orders/{request_id}", body=self._body, headers=headers)
        response = self._http.getresponse()
        return response.status, len(response.read())


class _Names:
    """The application's idea of the host's addresses."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._current: frozenset[str] = frozenset()

    def resolve(self) -> str:
        """One address, by the system's resolver, asked now."""
        return self._look_up()[0]

    def has_left(self, address: str) -> bool:
        """Whether the last refreshed answer no longer names `address`."""
        return bool(self._current) and address not in self._current

    def keep_fresh(self, start: float) -> None:
        """Look the host up every time to live until the process ends; a failed look-up keeps the last answer."""
        due = start
        while True:
            _sleep_until(due)
            with contextlib.suppress(OSError):
                self._current = frozenset(self._look_up())
            due += max(self._load.ttl_s, 0.1)

    def _look_up(self) -> list[str]:
        found = socket.getaddrinfo(self._load.host, self._load.port, socket.AF_INET, socket.SOCK_STREAM)
        return [str(place[0]) for *_, place in found]


def _authority(host: str, port: int) -> str:
    return host if port == 80 else f"{host}:{port}"


def _sleep_until(moment: float) -> None:
    left_s = moment - time.monotonic()
    if left_s > 0:
        time.sleep(left_s)
