"""The ADS server: carries the state machine's words over gRPC on a unix socket.

One Envoy, one stream. Generic handlers are used instead of generated service classes, so only the type of Envoy's
messages is imported.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import grpc
from envoy.service.discovery.v3 import discovery_pb2

from unstale.sidecar.xds.messages import Accepted, Command, Outcome, Refused, Request, Response, Superseded
from unstale.sidecar.xds.snapshot import Snapshot
from unstale.sidecar.xds.state import State
from unstale.sidecar.xds.wire import encoded

_SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"
_NOTHING = "nothing"
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class XdsServer:
    """Serves one Envoy at the unix socket `path`.

    `on_trouble` hears of a resource that Envoy refused while no push was under way.
    """

    def __init__(self, path: Path, *, on_trouble: Callable[[Refused], None]) -> None:
        self.path = path
        self._state = State()
        self._on_trouble = on_trouble
        self._server: Any = None
        self._outbox: asyncio.Queue[Response] | None = None
        self._outcomes: dict[int, asyncio.Future[Outcome]] = {}
        self._pushes = 0

    @property
    def is_settled(self) -> bool:
        """Whether Envoy is connected and acknowledged all it was told."""
        return self._state.is_settled

    @property
    def is_complete(self) -> bool:
        """Whether Envoy has everything that should be in force, also after its own restart."""
        return self._state.is_settled and self._state.waiting_for() == _NOTHING

    async def start(self) -> None:
        """Listen; Envoy may connect any time from now on, and again after a `stop`."""
        self._server = grpc.aio.server(options=_UNLIMITED)
        handler = grpc.stream_stream_rpc_method_handler(
            self._serve,
            request_deserializer=discovery_pb2.DeltaDiscoveryRequest.FromString,
            response_serializer=None,
        )
        service = grpc.method_handlers_generic_handler(_SERVICE, {"DeltaAggregatedResources": handler})
        self._server.add_generic_rpc_handlers((service,))
        self.path.unlink(missing_ok=True)
        self._server.add_insecure_port(f"unix:{self.path}")
        await self._server.start()
        self.path.chmod(0o600)

    async def stop(self) -> None:
        """Hang up and stop listening."""
        if self._server is not None:
            await self._server.stop(grace=None)
            self._server = None
            self.path.unlink(missing_ok=True)

    def ahead(self, snapshot: Snapshot) -> None:
        """Send a part of what the first push will bring; see `State.ahead`."""
        self._obey(self._state.ahead(snapshot))

    async def push(self, snapshot: Snapshot, *, deadline_s: float) -> Outcome:
        """Bring `snapshot` into force; when the deadline passes it is rolled back and refused."""
        self._pushes += 1
        number = self._pushes
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._outcomes[number] = outcome
        self._obey(self._state.push(number, snapshot))
        reason = f"not in force after {deadline_s:g} s"
        while not outcome.done():
            await asyncio.wait([outcome], timeout=deadline_s)
            if not outcome.done():
                self._obey(self._state.abandon(reason))
        return outcome.result()

    async def _serve(self, requests: AsyncIterator[Any], context: Any) -> None:
        outbox: asyncio.Queue[Response] = asyncio.Queue()
        self._outbox = outbox
        self._obey(self._state.connected())
        writer = asyncio.create_task(_write(outbox, context))
        try:
            async for message in requests:
                if self._outbox is not outbox:
                    return
                self._obey(self._state.received(_request(message)))
        finally:
            writer.cancel()
            if self._outbox is outbox:
                self._outbox = None
                self._obey(self._state.disconnected())

    def _obey(self, commands: Iterable[Command]) -> None:
        for command in commands:
            match command:
                case Response():
                    assert self._outbox is not None
                    self._outbox.put_nowait(command)
                case Refused(push=0):
                    self._on_trouble(command)
                case Accepted() | Refused() | Superseded():
                    waiting = self._outcomes.pop(command.push)
                    if not waiting.done():
                        waiting.set_result(command)


async def _write(outbox: asyncio.Queue[Response], context: Any) -> None:
    while True:
        await context.write(encoded(await outbox.get()))


def _request(message: Any) -> Request:
    refused = message.HasField("error_detail")
    return Request(
        type_url=message.type_url,
        subscribe=tuple(message.resource_names_subscribe),
        unsubscribe=tuple(message.resource_names_unsubscribe),
        held=dict(message.initial_resource_versions),
        nonce=message.response_nonce,
        error=message.error_detail.message if refused else None,
    )
