"""A node serves, answers badly or cuts, and its ledger holds exactly what took effect."""

from __future__ import annotations

import asyncio

import pytest

from unstale.lab.behaviour import Behaviour
from unstale.lab.nodes import NodeConnection, Nodes

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


def _exchange(nodes: Nodes, *chunks: bytes) -> _Wire:
    wire, connection = _Wire(), NodeConnection(nodes, "203.0.113.1")
    connection.connection_made(wire)
    for chunk in chunks:
        connection.data_received(chunk)
    return wire


def _nodes(behaviour: Behaviour) -> Nodes:
    nodes = Nodes()
    nodes.behaviours["203.0.113.1"] = behaviour
    return nodes


def test_serves_and_keeps_the_connection() -> None:
    nodes = Nodes()
    wire = _exchange(nodes, REQUEST, REQUEST)
    assert wire.written.count(b"HTTP/1.1 200") == 2
    assert not wire.closed
    assert [execution.id for execution in nodes.executions] == ["7", "7"]


@pytest.mark.parametrize("size", [1, 7, len(REQUEST) - 1])
def test_a_request_in_pieces_is_one_request(size: int) -> None:
    nodes = Nodes()
    pieces = [REQUEST[at : at + size] for at in range(0, len(REQUEST), size)]
    assert _exchange(nodes, *pieces).written.count(b"HTTP/1.1 200") == 1


def test_hangs_up_without_running() -> None:
    nodes = _nodes(Behaviour(runs=False, answers=None))
    wire = _exchange(nodes, REQUEST)
    assert (wire.written, wire.closed, nodes.executions) == (b"", True, [])


def test_runs_then_cuts() -> None:
    nodes = _nodes(Behaviour(runs=True, answers=None))
    wire = _exchange(nodes, REQUEST)
    assert (wire.written, wire.closed, len(nodes.executions)) == (b"", True, 1)


def test_answers_its_own_503_after_running() -> None:
    nodes = _nodes(Behaviour(answers=503))
    wire = _exchange(nodes, REQUEST)
    assert wire.written.startswith(b"HTTP/1.1 503")
    assert nodes.executions[0].answered == 503


def test_closes_when_asked_to_and_on_garbage() -> None:
    closing = REQUEST.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
    assert _exchange(Nodes(), closing).closed
    assert _exchange(Nodes(), b"\x16\x03\x01 not HTTP\r\n\r\n").closed


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.1, 50, 150), (1.0, 1000, 1000)])
def test_a_share_is_met_and_the_same_each_time(share: float, least: int, most: int) -> None:
    behaviour = Behaviour(share=share)
    chosen = [behaviour.applies(str(number)) for number in range(1000)]
    assert least <= sum(chosen) <= most
    assert chosen == [behaviour.applies(str(number)) for number in range(1000)]
