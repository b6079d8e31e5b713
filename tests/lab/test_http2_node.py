"""A node that speaks HTTP/2: serves, says GOAWAY when it leaves, cuts without one, and answers gRPC in its trailers."""

from __future__ import annotations

import asyncio

import h2.connection
import h2.events
import pytest

from unstale.lab.behaviour import SERVES, Behaviour
from unstale.lab.http2_node import Http2Connection
from unstale.lab.nodes import Nodes
from unstale.lab.world import Server

ADDRESS = "203.0.113.1"
REQUEST = [(":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/"), ("x-request-id", "7")]


class _Wire(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


class _Talk:
    """A client and a node joined without a network."""

    def __init__(self, behaviour: Behaviour, *, is_grpc: bool = False) -> None:
        self.ledger: list[dict[str, object]] = []
        self.nodes = Nodes(self.ledger.append, Server())
        self.nodes.behaviours[ADDRESS] = behaviour
        self.wire = _Wire()
        self.node = Http2Connection(self.nodes, ADDRESS, is_grpc=is_grpc)
        self.client = h2.connection.H2Connection()
        self.node.connection_made(self.wire)
        self.client.initiate_connection()
        self.pump()

    def ask(self) -> list[h2.events.Event]:
        stream = self.client.get_next_available_stream_id()
        self.client.send_headers(stream, REQUEST, end_stream=True)
        return self.pump()

    def pump(self) -> list[h2.events.Event]:
        data = self.client.data_to_send()
        if data:
            self.node.data_received(data)
        events = self.client.receive_data(self.wire.written)
        self.wire.written = b""
        return events


def _play(behaviour: Behaviour, *, is_grpc: bool = False, leaves: bool = False) -> tuple[_Talk, list[h2.events.Event]]:
    async def play() -> tuple[_Talk, list[h2.events.Event]]:
        talk = _Talk(behaviour, is_grpc=is_grpc)
        events = talk.ask()
        if leaves:
            talk.node.leave()
            events += talk.pump()
        return talk, events

    return asyncio.run(play())


def _headers(events: list[h2.events.Event]) -> dict[str, str]:
    found: dict[str, str] = {}
    for event in events:
        if isinstance(event, h2.events.ResponseReceived | h2.events.TrailersReceived):
            found.update({_text(name): _text(value) for name, value in event.headers})
    return found


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def test_serves_and_keeps_the_connection() -> None:
    talk, events = _play(SERVES)
    assert _headers(events)[":status"] == "200"
    assert (talk.wire.closed, talk.ledger[0]["id"]) == (False, "7")


def test_grpc_says_its_status_in_the_trailers() -> None:
    _, well = _play(SERVES, is_grpc=True)
    _, ill = _play(Behaviour(answers=503), is_grpc=True)
    assert (_headers(well)[":status"], _headers(well)["grpc-status"]) == ("200", "0")
    assert (_headers(ill)[":status"], _headers(ill)["grpc-status"]) == ("200", "14")


def test_leaving_it_names_the_last_stream_that_it_took_and_closes() -> None:
    talk, events = _play(SERVES, leaves=True)
    (goaway,) = [event for event in events if isinstance(event, h2.events.ConnectionTerminated)]
    assert goaway.last_stream_id == 1
    assert talk.wire.closed


@pytest.mark.parametrize(("runs", "executions"), [(False, 0), (True, 1)])
def test_cutting_it_says_nothing(runs: bool, executions: int) -> None:
    talk, events = _play(Behaviour(runs=runs, answers=None))
    assert not [event for event in events if isinstance(event, h2.events.ConnectionTerminated)]
    assert (talk.wire.closed, len(talk.ledger)) == (True, executions)


def test_stalling_it_keeps_the_stream_open() -> None:
    talk, events = _play(Behaviour(runs=False, stalls=True))
    assert _headers(events) == {}
    assert not talk.wire.closed
