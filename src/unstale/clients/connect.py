"""A TCP connection to the first of several addresses that answers, within a bounded time.

An address that drops packets costs the whole connect time-out if the addresses are tried one after the other; so the
next attempt starts 250 ms after the last one or as soon as it fails (RFC 8305, happy eyeballs).
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import select
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from unstale.clients.policy import Policy

# Linux: the peer shut down its side, whether or not there are bytes before its FIN (poll(2)).
_HANG_UP: int = getattr(select, "POLLRDHUP", 0)

SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The winner, and the addresses that failed or were overtaken."""

    sock: socket.socket
    address: str
    failed: tuple[str, ...]


def socket_options(policy: Policy) -> tuple[SocketOption, ...]:
    """Keepalive probes and the time-out for unacknowledged data, as far as the platform has them.

    Linux counts unanswered probes by TCP_USER_TIMEOUT once that is set (tcp(7)), so a dead peer is noticed after
    `keepalive_s` and `user_timeout_s` at the latest. Zero leaves the system's default.
    """
    options: list[SocketOption] = []
    if policy.keepalive_s:
        options.append((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1))
        known = [getattr(socket, name) for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL") if hasattr(socket, name)]
        options.extend((socket.IPPROTO_TCP, option, policy.keepalive_s) for option in known)
    if policy.user_timeout_s and hasattr(socket, "TCP_USER_TIMEOUT"):
        options.append((socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(policy.user_timeout_s * 1000)))
    return tuple(options)


def family_of(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def bounded(timeout_s: float | None, policy: Policy) -> float:
    """The library's connect time-out, but no longer than the policy's."""
    return policy.connect_timeout_s if timeout_s is None else min(timeout_s, policy.connect_timeout_s)


def connect(
    addresses: Sequence[str],
    port: int,
    *,
    timeout_s: float,
    attempt_delay_s: float,
    options: Iterable[SocketOption] = (),
    source_address: tuple[str, int] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Connected:
    """Race the addresses in their order. Raises TimeoutError when the time is over, the last error when all failed."""
    with _Race(tuple(addresses), port, tuple(options), source_address) as race:
        deadline = clock() + timeout_s
        next_start = clock()
        while True:
            now = clock()
            if now >= deadline:
                raise TimeoutError("timed out")
            if race.has_more and (now >= next_start or not race.is_running):
                race.start()
                next_start = now + attempt_delay_s
            elif not race.is_running:
                raise race.failure()
            if (won := race.wait(min(deadline, next_start if race.has_more else deadline) - clock())) is not None:
                return won


class _Race:
    def __init__(
        self,
        addresses: tuple[str, ...],
        port: int,
        options: tuple[SocketOption, ...],
        source_address: tuple[str, int] | None,
    ) -> None:
        self._addresses = addresses
        self._port = port
        self._options = options
        self._source_address = source_address
        self._started = 0
        self._last_error: OSError = OSError(errno.EHOSTUNREACH, "no address to connect to")
        self._selector = selectors.DefaultSelector()
        self._running: dict[socket.socket, str] = {}

    def __enter__(self) -> _Race:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        for sock in self._running:
            sock.close()

    @property
    def has_more(self) -> bool:
        return self._started < len(self._addresses)

    @property
    def is_running(self) -> bool:
        return bool(self._running)

    def start(self) -> None:
        address = self._addresses[self._started]
        self._started += 1
        sock = None
        try:
            sock = socket.socket(family_of(address), socket.SOCK_STREAM)
            for option in self._options:
                sock.setsockopt(*option)
            if self._source_address is not None:
                sock.bind(self._source_address)
            sock.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                sock.connect((address, self._port))
        except (OSError, OverflowError) as error:
            # A port out of range is an OverflowError, which no library expects of connecting.
            self._last_error = error if isinstance(error, OSError) else OSError(errno.EINVAL, str(error))
            if sock is not None:
                sock.close()
            return
        self._running[sock] = address
        self._selector.register(sock, selectors.EVENT_WRITE)

    def wait(self, timeout_s: float) -> Connected | None:
        if not self._running:
            return None
        for key, _ in self._selector.select(max(0.0, timeout_s)):
            sock = key.fileobj
            assert isinstance(sock, socket.socket)
            self._selector.unregister(sock)
            address = self._running.pop(sock)
            if code := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                sock.close()
                self._last_error = OSError(code, os.strerror(code))
                continue
            sock.setblocking(True)
            tried = self._addresses[: self._started]
            return Connected(sock=sock, address=address, failed=tuple(one for one in tried if one != address))
        return None

    def failure(self) -> OSError:
        return self._last_error


def hang_up(sock: socket.socket) -> None:
    """End a connection from any thread, also under one that reads from it.

    `SSLSocket.shutdown` takes the encryption off first: a thread that reads would take records for the answer, and one
    that writes would send its request in the clear. The kernel alone is told.
    """
    with contextlib.suppress(OSError):
        if isinstance(sock, ssl.SSLSocket):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
        else:
            sock.shutdown(socket.SHUT_RDWR)


class Liveness:
    """Whether the peer of an idle connection has hung up, without reading from it.

    `poll` is true after a FIN or a RST, and if there are bytes, which nobody asked for.
    """

    __slots__ = ("_poll", "poll")

    def __init__(self, sock: socket.socket) -> None:
        self._poll = select.poll() if hasattr(select, "poll") else None
        self.poll: Callable[[], object]
        if self._poll is None:
            self.poll = lambda: select.select([sock], [], [], 0)[0]
        else:
            self._poll.register(sock.fileno(), select.POLLIN | _HANG_UP)
            # Asked before every request, so without a function of our own around it.
            self.poll = functools.partial(self._poll.poll, 0)

    def is_hung_up(self) -> bool:
        """True after a FIN or a RST, where the platform tells it apart from bytes (Linux)."""
        return self._poll is not None and any(mask & ~select.POLLIN for _, mask in self._poll.poll(0))
