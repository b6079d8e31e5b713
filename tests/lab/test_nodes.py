"""A node serves, answers badly or cuts, and its ledger holds exactly what took effect."""

from __future__ import annotations

import asyncio

import pytest

from unstale.lab.behaviour import Behaviour
from unstale.lab.http1_node import Http1Connection
from unstale.lab.nodes import Nodes
from unstale.lab.world import Server

REQUEST = b"POST /orders/7 HTTP/1.1\r\nhost: a\r\nx-request-id: 7\r\ncontent-length: 2\r\n\r\nok"


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


class _Noted(Nodes):
    """Nodes whose ledger is a list."""

    def __init__(self) -> None:
        self.ledger: list[dict[str, object]] = []
        super().__init__(self.ledger.append, Server())


def _exchange(nodes: Nodes, *chunks: bytes) -> _Wire:
    return asyncio.run(_play(nodes, chunks))


async def _play(nodes: Nodes, chunks: tuple[bytes, ...]) -> _Wire:
    wire, connection = _Wire(), Http1Connection(nodes, "203.0.113.1")
    connection.connection_made(wire)
    for chunk in chunks:
        connection.data_received(chunk)
    return wire


def _nodes(behaviour: Behaviour) -> _Noted:
    nodes = _Noted()
    nodes.behaviours["203.0.113.1"] = behaviour
    return nodes


def test_serves_and_keeps_the_connection() -> None:
    nodes = _Noted()
    wire = _exchange(nodes, REQUEST, REQUEST)
    assert wire.written.count(b"HTTP/1.1 200") == 2
    assert not wire.closed
    assert [row["id"] for row in nodes.ledger] == ["7", "7"]


@pytest.mark.parametrize("size", [1, 7, len(REQUEST) - 1])
def test_a_request_in_pieces_is_one_request(size: int) -> None:
    nodes = _Noted()
    pieces = [REQUEST[at : at + size] for at in range(0, len(REQUEST), size)]
    assert _exchange(nodes, *pieces).written.count(b"HTTP/1.1 200") == 1


def test_hangs_up_without_running() -> None:
    nodes = _nodes(Behaviour(runs=False, answers=None))
    wire = _exchange(nodes, REQUEST)
    assert (wire.written, wire.closed, nodes.ledger) == (b"", True, [])


def test_runs_then_cuts() -> None:
    nodes = _nodes(Behaviour(runs=True, answers=None))
    wire = _exchange(nodes, REQUEST)
    assert (wire.written, wire.closed, len(nodes.ledger)) == (b"", True, 1)


def test_answers_its_own_503_after_running() -> None:
    nodes = _nodes(Behaviour(answers=503))
    wire = _exchange(nodes, REQUEST)
    assert wire.written.startswith(b"HTTP/1.1 503")
    assert nodes.ledger[0]["answered"] == 503


def test_closes_when_asked_to_and_on_garbage() -> None:
    closing = REQUEST.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
    assert _exchange(_Noted(), closing).closed
    assert _exchange(_Noted(), b"\x16\x03\x01 not HTTP\r\n\r\n").closed


def test_stalls_and_keeps_the_connection() -> None:
    nodes = _nodes(Behaviour(runs=False, stalls=True))
    wire = _exchange(nodes, REQUEST)
    assert (wire.written, wire.closed, nodes.ledger, nodes.attempts) == (b"", False, [], 1)


def test_a_node_that_leaves_closes_idle_connections_at_once() -> None:
    nodes = _Noted()

    async def leave() -> _Wire:
        wire, connection = _Wire(), Http1Connection(nodes, "203.0.113.1")
        connection.connection_made(wire)
        connection.data_received(REQUEST)
        connection.leave()
        return wire

    assert asyncio.run(leave()).closed


def test_an_answer_to_head_has_a_length_and_no_body() -> None:
    wire = _exchange(_Noted(), b"HEAD / HTTP/1.1\r\nhost: a\r\n\r\n")
    assert wire.written.endswith(b"content-length: 17\r\n\r\n")


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.1, 50, 150), (1.0, 1000, 1000)])
def test_a_share_is_met_and_the_same_each_time(share: float, least: int, most: int) -> None:
    behaviour = Behaviour(share=share)
    chosen = [behaviour.applies(str(number)) for number in range(1000)]
    assert least <= sum(chosen) <= most
    assert chosen == [behaviour.applies(str(number)) for number in range(1000)]
