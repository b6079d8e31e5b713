"""The load balancer's nodes: HTTP/1.1 servers on their own addresses, and the ledger of what they ran.

They run in a process of their own, so that the measured server never waits for the measuring client. Orders come as
JSON lines: `{"behave": {..}, "addresses": [..]}` and `{"finish": PATH}`, which writes the ledger and ends the process.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import h11

from unstale.lab.behaviour import SERVES, Behaviour
from unstale.lab.children import Channel
from unstale.lab.ledger import Execution
from unstale.lab.recording import write_rows

BODY = b'{"status": "ok"}\n'
ERROR_BODY = b'{"status": "the server itself cannot serve this"}\n'


class Nodes:
    """All nodes of one world: how each address behaves, and every execution."""

    def __init__(self) -> None:
        self.behaviours: dict[str, Behaviour] = {}
        self.executions: list[Execution] = []
        self._attempts: Counter[str] = Counter()

    def decide(self, address: str, request_id: str, method: str) -> Behaviour:
        """How this attempt is treated, the same in every run for the same request and attempt; writes the ledger."""
        self._attempts[request_id] += 1
        behaviour = self.behaviours.get(address, SERVES)
        if not behaviour.applies(f"{request_id}/{self._attempts[request_id]}"):
            behaviour = SERVES
        if behaviour.runs:
            self.executions.append(
                Execution(
                    at=time.monotonic(),
                    id=request_id,
                    method=method,
                    address=address,
                    answered=behaviour.answers,
                )
            )
        return behaviour


class NodeConnection(asyncio.Protocol):
    """One accepted connection."""

    def __init__(self, nodes: Nodes, address: str) -> None:
        self._nodes = nodes
        self._address = address
        self._http = h11.Connection(h11.SERVER)
        self._request: h11.Request | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._http.receive_data(data)
        self._drive()

    def eof_received(self) -> None:
        assert self._transport is not None
        self._transport.close()

    def _drive(self) -> None:
        assert self._transport is not None
        while not self._transport.is_closing():
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError:
                self._transport.close()
                return
            if event is h11.NEED_DATA or event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                return
            if isinstance(event, h11.Request):
                self._request = event
            elif isinstance(event, h11.EndOfMessage):
                self._treat()

    def _treat(self) -> None:
        assert self._request is not None
        assert self._transport is not None
        headers = dict(self._request.headers)
        request_id = headers.get(b"x-request-id", b"-").decode("ascii", "replace")
        behaviour = self._nodes.decide(self._address, request_id, self._request.method.decode("ascii"))
        if behaviour.answers is None:
            self._transport.close()
            return
        body = BODY if behaviour.answers < 400 else ERROR_BODY
        self._transport.write(self._response(behaviour.answers, body))
        if self._http.our_state is h11.MUST_CLOSE:
            self._transport.close()
        else:
            self._http.start_next_cycle()

    def _response(self, status: int, body: bytes) -> bytes:
        headers = [("content-type", "application/json"), ("content-length", str(len(body)))]
        parts = (
            self._http.send(h11.Response(status_code=status, headers=headers)),
            self._http.send(h11.Data(data=body)),
            self._http.send(h11.EndOfMessage()),
        )
        return b"".join(part for part in parts if part)


def run(channel: Channel, addresses: Iterable[str], ports: Iterable[int]) -> None:
    """The nodes' process: listen, say so, obey orders until told to finish or left alone."""
    asyncio.run(_serve(channel, [(address, port) for address in addresses for port in ports]))


async def _serve(channel: Channel, places: list[tuple[str, int]]) -> None:
    loop = asyncio.get_running_loop()
    nodes = Nodes()
    for address, port in places:
        listening = socket.create_server((address, port), backlog=1024)
        await loop.create_server(functools.partial(NodeConnection, nodes, address), sock=listening)
    channel.tell({"listening": len(places)})
    async for order in channel.orders():
        if "behave" in order:
            behaviour = Behaviour(**order["behave"])
            nodes.behaviours.update(dict.fromkeys(order["addresses"], behaviour))
            channel.tell({"behaving": True})
        elif "finish" in order:
            write_rows(Path(order["finish"]), (row.to_json() for row in nodes.executions))
            channel.tell({"finished": len(nodes.executions)})
            return
