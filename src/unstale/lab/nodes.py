"""The load balancer's nodes: servers on their own addresses, and the ledger of what they ran.

They run in a process of their own, so that the measured server never waits for the measuring client. Orders come as
JSON lines: `{"behave": {..}, "addresses": [..]}`; `leave`, `join`, `refuse`, `admit` and `estrange` with addresses; and
`{"finish": true}`, which closes the ledger and ends the process.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from unstale.lab.behaviour import SERVES, Behaviour
from unstale.lab.certificates import Certificates
from unstale.lab.children import Channel
from unstale.lab.ledger import Execution
from unstale.lab.recording import RowWriter
from unstale.lab.world import Http, Server, World

BODY = b'{"status": "ok"}\n'
ERROR_BODY = b'{"status": "the server itself cannot serve this"}\n'


class Leaving(Protocol):
    """A connection that can be told to go."""

    def leave(self) -> None:
        """The node is taken away: say so as its protocol does, then close."""

    def refuse(self) -> None:
        """Answer the next packet with a reset."""


class Nodes:
    """All nodes of one world: how each address behaves, who is connected to it, and every execution.

    `attempts` counts the requests that arrived whole, `accepted` the connections.
    """

    def __init__(self, note: Callable[[dict[str, object]], None], server: Server | None = None) -> None:
        self.behaviours: dict[str, Behaviour] = {}
        self.server = server or Server()
        self.connections: dict[str, set[Leaving]] = {}
        self.attempts = 0
        self.accepted = 0
        self._note = note
        self._tries: Counter[str] = Counter()

    def decide(self, address: str, request_id: str, method: str) -> Behaviour:
        """How this attempt is treated, the same in every run for the same request and attempt; writes the ledger."""
        self.attempts += 1
        behaviour = self.behaviours.get(address, SERVES)
        if behaviour.share < 1.0:
            self._tries[request_id] += 1
            if not behaviour.applies(f"{request_id}/{self._tries[request_id]}"):
                behaviour = SERVES
        if behaviour.runs:
            execution = Execution(
                at=time.monotonic(), id=request_id, method=method, address=address, answered=behaviour.answers
            )
            self._note(execution.to_json())
        return behaviour

    def arrived(self, address: str, connection: Leaving) -> None:
        """A connection to `address` was accepted."""
        self.accepted += 1
        self.connections.setdefault(address, set()).add(connection)

    def gone(self, address: str, connection: Leaving) -> None:
        """A connection to `address` has ended."""
        self.connections.get(address, set()).discard(connection)


class _Fleet:
    """The listening sockets of all addresses."""

    def __init__(self, nodes: Nodes, world: World, certificates: Certificates | None) -> None:
        self._nodes = nodes
        self._world = world
        self._own = certificates.server(world.http) if certificates else None
        self._strange = certificates.stranger(world.http) if certificates else None
        self._estranged: set[str] = set()
        self._listening: dict[str, list[asyncio.Server]] = {}

    def estrange(self, addresses: Iterable[str]) -> None:
        self._estranged.update(addresses)

    async def join(self, addresses: Iterable[str]) -> None:
        loop = asyncio.get_running_loop()
        for address in addresses:
            if self._listening.get(address):
                continue
            make = functools.partial(connection_class(self._world.http), self._nodes, address)
            self._listening[address] = [
                await loop.create_server(
                    make,
                    sock=socket.create_server((address, port), backlog=1024),
                    ssl=self._strange if address in self._estranged else self._own,
                )
                for port in self._world.ports
            ]

    async def leave(self, addresses: Iterable[str]) -> None:
        for address in addresses:
            for listening in self._listening.pop(address, ()):
                listening.close()
            for connection in tuple(self._nodes.connections.get(address, ())):
                connection.leave()

    async def refuse(self, addresses: Iterable[str]) -> None:
        for address in addresses:
            for listening in self._listening.pop(address, ()):
                listening.close()
            for connection in tuple(self._nodes.connections.get(address, ())):
                connection.refuse()


def connection_class(http: Http) -> Callable[[Nodes, str], asyncio.Protocol]:
    """What speaks `http` on an accepted connection."""
    if http is Http.HTTP1:
        from unstale.lab.http1_node import Http1Connection

        return Http1Connection
    from unstale.lab.http2_node import Http2Connection

    return functools.partial(Http2Connection, is_grpc=http is Http.GRPC)


def run(channel: Channel, world: World, ledger: Path, certificates: Certificates | None) -> None:
    """The nodes' process: listen, say so, obey orders until told to finish or left alone.

    Without `certificates` the nodes speak in the clear.
    """
    asyncio.run(_serve(channel, world, ledger, certificates))


async def _serve(channel: Channel, world: World, ledger: Path, certificates: Certificates | None) -> None:
    rows = RowWriter(ledger)
    nodes = Nodes(rows.write, world.server)
    fleet = _Fleet(nodes, world, certificates)
    everyone = dict.fromkeys((*world.addresses, *world.spare_addresses))
    await fleet.join(address for address in everyone if address not in world.closed)
    channel.tell({"listening": True})
    async for order in channel.orders():
        if "behave" in order:
            behaviour = Behaviour(**order["behave"])
            nodes.behaviours.update(dict.fromkeys(order["addresses"], behaviour))
            channel.tell({"behaving": True})
        elif "leave" in order:
            await fleet.leave(order["leave"])
            channel.tell({"left": True})
        elif "join" in order:
            await fleet.join(order["join"])
            channel.tell({"joined": True})
        elif "refuse" in order:
            await fleet.refuse(order["refuse"])
            channel.tell({"refused": True})
        elif "admit" in order:
            await fleet.join(order["admit"])
            channel.tell({"admitted": True})
        elif "estrange" in order:
            fleet.estrange(order["estrange"])
            channel.tell({"estranged": True})
        elif "finish" in order:
            rows.close()
            channel.tell({"finished": {"attempts": nodes.attempts, "accepted": nodes.accepted}})
            return
