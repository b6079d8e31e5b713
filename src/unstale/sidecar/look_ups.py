"""Take the command's look-ups: to name servers that only this machine reaches, and, where asked, for hosts of the mesh.

Many machines have their name server on the loopback, which is another one inside the namespace. What goes there is
carried to the same server outside, unread. With DNS capture every look-up is read, and hosts that a ServiceEntry gives
addresses are answered with these, as Istio's agent does.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from unstale.sidecar.namespace import Namespace

RESOLVER = Path("/etc/resolv.conf")
TTL_S = 30
"""What Istio's agent gives for hosts of the mesh."""

_DNS = 53
_PATIENCE_S = 10.0

Table = Mapping[str, tuple[str, ...]]
"""Hosts in lower case, `*.` at the front for all below, and their addresses."""


def nameservers(text: str | None = None) -> tuple[str, ...]:
    """The name servers that this machine's resolver asks; without any it asks the loopback."""
    if text is None:
        text = RESOLVER.read_text("utf-8", "replace") if RESOLVER.exists() else ""
    found = [words[1] for line in text.splitlines() if (words := line.split())[:1] == ["nameserver"] and words[1:]]
    return tuple(dict.fromkeys(one for one in found if _is_address(one)))[:3] or ("127.0.0.1",)


class LookUps:
    """Relays for name servers, each on a port of the namespace's loopback. `table` may be replaced at any time."""

    def __init__(self, namespace: Namespace) -> None:
        self.table: Table = {}
        self._namespace = namespace
        self._transports: list[asyncio.BaseTransport] = []
        self._servers: list[asyncio.Server] = []

    async def open(self, servers: Sequence[str], *, first_port: int) -> dict[str, int]:
        """The port that takes look-ups meant for each server. Raises MachineError."""
        ports = {server: first_port + number for number, server in enumerate(servers)}
        loop = asyncio.get_running_loop()
        for server, port in ports.items():
            here = ("::1" if ":" in server else "127.0.0.1", port)
            inside = await self._namespace.receive(here)
            transport, _ = await loop.create_datagram_endpoint(partial(_Relay, self, server), sock=inside)
            self._transports.append(transport)
            connected = _Connected(self, server)
            self._servers.append(await asyncio.start_server(connected.serve, sock=await self._namespace.listen(here)))
        return ports

    def close(self) -> None:
        """Take no more."""
        for transport in self._transports:
            transport.close()
        for server in self._servers:
            server.close()

    def answer(self, query: bytes) -> bytes | None:
        """The answer for a host of the table; None for all others, and for what is no query."""
        if not self.table:
            return None
        try:
            message = dns.message.from_wire(query)
        except (dns.exception.DNSException, ValueError):
            return None
        if len(message.question) != 1 or message.question[0].rdclass != dns.rdataclass.IN:
            return None
        question = message.question[0]
        addresses = addresses_of(question.name.to_text(omit_final_dot=True), self.table)
        if addresses is None:
            return None
        response = dns.message.make_response(message, recursion_available=True)
        response.flags |= dns.flags.AA
        wanted = {dns.rdatatype.A: 4, dns.rdatatype.AAAA: 6}.get(question.rdtype)
        fitting = [one for one in addresses if ip_address(one).version == wanted]
        if fitting:
            response.answer.append(dns.rrset.from_text(question.name, TTL_S, "IN", question.rdtype, *fitting))
        return response.to_wire()


def addresses_of(host: str, table: Table) -> tuple[str, ...] | None:
    """Of the host itself, or of the closest wildcard above it."""
    name = host.lower()
    if name in table:
        return table[name]
    labels = name.split(".")
    above = (f"*.{'.'.join(labels[at:])}" for at in range(1, len(labels)))
    return next((table[one] for one in above if one in table), None)


class _Relay(asyncio.DatagramProtocol):
    """Datagrams of the command's to one server and back."""

    def __init__(self, look_ups: LookUps, server: str) -> None:
        self._look_ups = look_ups
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None
        self._asking: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asked of the object: up to Python 3.12 asyncio's own transport is none by its class.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        answer = self._look_ups.answer(data)
        if answer is not None:
            self._transport.sendto(answer, addr)
            return
        asking = asyncio.ensure_future(self._ask(data, addr))
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)

    async def _ask(self, query: bytes, client: tuple[str, int]) -> None:
        """One socket a query, so that an answer can belong to no other."""
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in self._server else socket.AF_INET
        with (
            socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as outside,
            suppress(OSError, TimeoutError),
        ):
            outside.connect((self._server, _DNS))
            async with asyncio.timeout(_PATIENCE_S):
                await loop.sock_sendall(outside, query)
                answer = await loop.sock_recv(outside, 1 << 16)
            if self._transport is not None:
                self._transport.sendto(answer, client)


class _Connected:
    """Look-ups over TCP: a length of two bytes, then the message."""

    def __init__(self, look_ups: LookUps, server: str) -> None:
        self._look_ups = look_ups
        self._server = server

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                query = await _message(reader)
                answer = self._look_ups.answer(query) or await self._ask(query)
                writer.write(len(answer).to_bytes(2) + answer)
                await writer.drain()
        except (OSError, EOFError, TimeoutError):
            pass
        finally:
            writer.close()

    async def _ask(self, query: bytes) -> bytes:
        async with asyncio.timeout(_PATIENCE_S):
            reader, writer = await asyncio.open_connection(self._server, _DNS)
            try:
                writer.write(len(query).to_bytes(2) + query)
                return await _message(reader)
            finally:
                writer.close()


async def _message(reader: asyncio.StreamReader) -> bytes:
    return await reader.readexactly(int.from_bytes(await reader.readexactly(2)))


def _is_address(text: str) -> bool:
    with suppress(ValueError):
        ip_address(text)
        return True
    return False
