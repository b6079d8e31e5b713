"""Give Envoy its listening sockets: it asks for them as it asks the Envoy that it takes over from at a hot restart.

Envoy belongs on the caller's network, where its own connections are the machine's: the same addresses, keep-alive
probes and resets as without it. Its listeners belong into another namespace, or onto a port that must not be lost while
it restarts. Envoy can enter a namespace by itself, but only with capabilities, which it is to have none of. So the
sockets are made by whoever may, and kept here: what connects while Envoy is away waits in the kernel's queue.

The words are those of `source/server/hot_restart.proto`; there is no published message class for it, and only the two
questions that Envoy asks at its start want an answer.
"""

from __future__ import annotations

import array
import asyncio
import ctypes
import os
import secrets
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from unstale.model.errors import MachineError, UnstaleError

Address = tuple[str, int]
"""An IP address and a port of TCP."""

Maker = Callable[[Address], Awaitable[socket.socket]]
"""Makes a listening socket that does not block. Raises MachineError."""

VERSION = 11
"""Of the shared memory and of the words (Envoy 1.40: `envoy --hot-restart-version` prints 11.104)."""

SHARED = Path("/dev/shm")
"""Where Linux keeps shared memory by name."""

_MUTEX_BYTES = 40
_MUTEX_ATTRIBUTE_BYTES = 16
_LARGEST_BASE = (1 << 31) // 10 - 10
"""Envoy multiplies it by ten and keeps it in 31 bits."""

_KEPT_FOR_EVER_S = 1_000_000_000
_NOT_HERE = 0xFFFFFFFFFFFFFFFF


@dataclass(frozen=True, slots=True)
class _Question:
    """`address` is None where Envoy asks the other one to close its admin interface."""

    address: Address | None


def is_possible() -> bool:
    """Whether an Envoy here can be given its sockets."""
    return SHARED.is_dir() and os.access(SHARED, os.W_OK)


class Handover:
    """The sockets that Envoy listens on, by address, and the place where it asks for them.

    All its workers share one: with sockets of their own, what waits in a queue would wait for one worker.
    """

    def __init__(self, folder: Path, maker: Maker) -> None:
        self._folder = folder
        self._maker = maker
        self._base = secrets.randbelow(_LARGEST_BASE)
        self._held: dict[Address, socket.socket] = {}
        self._line: socket.socket | None = None
        self._answers: set[asyncio.Task[None]] = set()
        self.on_trouble: Callable[[UnstaleError], None] = lambda error: None

    def options(self) -> tuple[str, ...]:
        """What tells Envoy to ask."""
        return (
            *("--base-id", str(self._base), "--restart-epoch", "1"),
            *("--socket-path", str(self._folder / "handover"), "--socket-mode", "600"),
            *("--parent-shutdown-time-s", str(_KEPT_FOR_EVER_S), "--skip-hot-restart-parent-stats"),
        )

    def open(self) -> None:
        """Be ready for the start of an Envoy. Raises MachineError where the place cannot be made."""
        try:
            self._share_memory()
            if self._line is None:
                self._listen()
        except OSError as error:
            raise MachineError(f"{error.filename or self._folder}: cannot be made ({error.strerror}).") from error

    def taken(self) -> None:
        """Envoy runs; it keeps the shared memory without a name."""
        self._memory.unlink(missing_ok=True)

    async def prepare(self, address: Address) -> None:
        """Make the socket of an address before Envoy asks, to hear at once if it cannot be had. Raises MachineError."""
        await self._socket(address)

    def keep(self, addresses: Iterable[Address]) -> None:
        """Close the sockets of all other addresses: nobody listens there any more."""
        wanted = set(addresses)
        for address in self._held.keys() - wanted:
            self._held.pop(address).close()

    def close(self) -> None:
        """Close everything; Envoy has its own copies as long as it runs."""
        self.keep(())
        self.taken()
        if self._line is not None:
            asyncio.get_running_loop().remove_reader(self._line)
            self._line.close()
            self._line = None

    @property
    def _memory(self) -> Path:
        return SHARED / f"envoy_shared_memory_{self._base * 10}"

    def _share_memory(self) -> None:
        """A region like the one an Envoy leaves to the next: sizes, two robust locks, and no flag set."""
        self._memory.unlink(missing_ok=True)
        lock = _robust_mutex()
        content = struct.pack("<QQ", 2 * 8 + 2 * len(lock) + 8, VERSION) + lock + lock + struct.pack("<Q", 0)
        with os.fdopen(os.open(self._memory, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(content)

    def _listen(self) -> None:
        path = self._folder / f"handover_parent_{self._base * 10}"
        path.unlink(missing_ok=True)
        line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        line.bind(str(path))
        path.chmod(0o600)
        asyncio.get_running_loop().add_reader(line, self._hear)
        self._line = line

    def _hear(self) -> None:
        assert self._line is not None
        with suppress(BlockingIOError):
            message, sender = self._line.recvfrom(8192)
            question = _read(message[8:])
            if question is not None:
                answer = asyncio.ensure_future(self._answer(question, sender))
                self._answers.add(answer)
                answer.add_done_callback(self._answers.discard)

    async def _answer(self, question: _Question, envoy: str) -> None:
        if question.address is None:
            self._say(envoy, _field(2, _varint_field(1, 1) + _varint_field(2, 1)))
            return
        try:
            found = await self._socket(question.address)
        except UnstaleError as error:
            self.on_trouble(error)
            self._say(envoy, _field(1, _varint_field(1, _NOT_HERE)))
            return
        self._say(envoy, _field(1, _varint_field(1, 1)), found)

    async def _socket(self, address: Address) -> socket.socket:
        if address not in self._held:
            self._held[address] = await self._maker(address)
        return self._held[address]

    def _say(self, envoy: str, reply: bytes, passed: socket.socket | None = None) -> None:
        message = _field(2, reply)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [passed.fileno()]))] if passed else []
        with suppress(OSError):  # Envoy may have died meanwhile; its successor asks anew.
            assert self._line is not None
            self._line.sendmsg([struct.pack(">Q", len(message)), message], rights, 0, envoy)


def listening(address: Address) -> socket.socket:
    """A listening socket in the caller's network namespace. Raises MachineError, in words."""
    host, port = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setblocking(False)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((host, port))
        made.listen(1024)
    except OSError as error:
        made.close()
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        raise MachineError(f"{where}: cannot be listened on ({error.strerror}). Choose another address.") from error
    return made


def _robust_mutex() -> bytes:
    libc = ctypes.CDLL(None)
    attribute = ctypes.create_string_buffer(_MUTEX_ATTRIBUTE_BYTES)
    mutex = ctypes.create_string_buffer(_MUTEX_BYTES)
    libc.pthread_mutexattr_init(attribute)
    libc.pthread_mutexattr_setpshared(attribute, 1)
    libc.pthread_mutexattr_setrobust(attribute, 1)
    libc.pthread_mutex_init(mutex, attribute)
    return mutex.raw


def _read(message: bytes) -> _Question | None:
    """What Envoy asks; None for what wants no answer (that the other one drain, or end)."""
    request = dict(_fields(message)).get(1)
    asked = dict(_fields(request)) if isinstance(request, bytes) else {}
    if 2 in asked:
        return _Question(address=None)
    wanted = asked.get(1)
    if not isinstance(wanted, bytes):
        return None
    url = dict(_fields(wanted)).get(1, b"")
    assert isinstance(url, bytes)
    host, _, port = url.decode().removeprefix("tcp://").rpartition(":")
    return _Question(address=(host.strip("[]"), int(port)))


def _fields(message: bytes) -> Iterable[tuple[int, int | bytes]]:
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        value, at = _varint(message, at)
        if key & 7 == 2:
            yield key >> 3, message[at : at + value]
            at += value
        else:
            yield key >> 3, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _field(number: int, body: bytes) -> bytes:
    return bytes((number << 3 | 2, len(body))) + body


def _varint_field(number: int, value: int) -> bytes:
    encoded = bytearray((number << 3,))
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
