"""Pass DNS questions on and let the firewall learn from the answers before the asker sees them.

The order matters: a client that got an address before the firewall knew it would lose its first packet, which is a
failure that no real product has.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import Awaitable, Callable
from typing import cast

import dns.exception
import dns.message
import dns.rdatatype

Learn = Callable[[tuple[str, ...]], Awaitable[None]]


class Forwarder(asyncio.DatagramProtocol):
    """The firewall's resolver on the pod's side. It caches nothing: an answer's TTL is always the authority's."""

    def __init__(self, ask: Upstream, learn: Learn) -> None:
        self._ask = ask
        self._learn = learn
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) < 12:
            return
        task = asyncio.get_running_loop().create_task(self._relay(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _relay(self, question: bytes, addr: tuple[str, int]) -> None:
        answer = await self._ask.ask(question)
        if answer is None:
            return
        await self._learn(addresses_in(answer))
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.sendto(answer, addr)


class Upstream(asyncio.DatagramProtocol):
    """The forwarder's own socket towards the authority; each question travels under an id of its own."""

    def __init__(self, timeout_s: float = 2.0) -> None:
        self._timeout_s = timeout_s
        self._ids = itertools.cycle(range(1, 1 << 16))
        self._waiting: dict[bytes, asyncio.Future[bytes]] = {}
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        waiting = self._waiting.pop(data[:2], None)
        if waiting is not None and not waiting.done():
            waiting.set_result(data)

    def error_received(self, exc: Exception) -> None:
        """An ICMP error means that the authority is away; the asker's own time-out will tell."""

    async def ask(self, question: bytes) -> bytes | None:
        """The authority's answer under the asker's id, or None where none came in time."""
        key = next(self._ids).to_bytes(2, "big")
        waiting: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[key] = waiting
        assert self._transport is not None
        self._transport.sendto(key + question[2:])
        try:
            answer = await asyncio.wait_for(waiting, self._timeout_s)
        except TimeoutError:
            self._waiting.pop(key, None)
            return None
        return question[:2] + answer[2:]


def addresses_in(answer: bytes) -> tuple[str, ...]:
    """The IPv4 addresses that a DNS answer in wire form names; none where it cannot be read."""
    return _addresses_in(b"\x00\x00" + answer[2:])


@functools.lru_cache(maxsize=256)
def _addresses_in(answer: bytes) -> tuple[str, ...]:
    try:
        message = dns.message.from_wire(answer)
    except dns.exception.DNSException:
        return ()
    return tuple(
        record.address for records in message.answer if records.rdtype == dns.rdatatype.A for record in records
    )
