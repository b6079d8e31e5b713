"""Scenarios in which the mesh is set so that calls fail, and servers that nobody finds listening."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from unstale.envoy.inputs import Setting
from unstale.istio.mesh import OutboundTrafficPolicyMode
from unstale.istio.source import Source
from unstale.lab.http1_node import Http1Connection
from unstale.lab.matrix import Question, plan
from unstale.lab.mesh import with_mesh
from unstale.lab.nodes import Nodes
from unstale.lab.order import Order
from unstale.model.errors import ManifestError

BARE = "connectTimeout: 3s\n"
SHAPES = {
    "bare": BARE,
    "values": f"meshConfig:\n  {BARE}",
    "operator": f"kind: IstioOperator\nspec:\n  meshConfig:\n    {BARE}",
    "configmap": f"kind: ConfigMap\ndata:\n  mesh: |\n    {BARE}",
}
ONLY = {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}


def order(scenario: str, policy: str = "none") -> Order:
    """The scenario's order under a policy."""
    (found,) = plan(Question(scenarios=(scenario,), policies=(policy,), methods=("GET",)), Path("/nowhere"))
    return found


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_a_field_is_added_to_the_mesh_settings_in_whatever_file_they_are(text: str) -> None:
    mesh = with_mesh(Setting(mesh=Source(name="mesh.yaml", text=text)), ONLY).load_mesh()
    assert mesh.outbound_traffic_policy is not None
    assert mesh.outbound_traffic_policy.mode is OutboundTrafficPolicyMode.REGISTRY_ONLY
    assert mesh.connect_timeout is not None and "3" in str(mesh.connect_timeout)


def test_mesh_settings_that_cannot_be_read_are_told_in_words() -> None:
    with pytest.raises(ManifestError, match=r"mesh\.yaml"):
        with_mesh(Setting(mesh=Source(name="mesh.yaml", text="outboundTrafficPolicy: [1\n")), ONLY)


def test_the_scenario_keeps_what_the_policy_sets() -> None:
    found = order("registry-only", "mesh-max-age").setting.mesh
    assert found is not None
    assert "REGISTRY_ONLY" in found.text and "httpMaxConnectionDuration" in found.text


@pytest.mark.parametrize(("scenario", "word"), [("registry-only", "REGISTRY_ONLY"), ("h2-to-h1", "UPGRADE")])
def test_the_mesh_itself_is_what_fails(scenario: str, word: str) -> None:
    found = order(scenario).setting.mesh
    assert found is not None and word in found.text
    assert order("calm").setting.mesh is None


def test_nobody_listens_where_dns_points() -> None:
    world = order("nobody-listens").world
    assert world.closed == world.addresses


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


def test_a_server_of_http1_refuses_http2_and_runs_nothing() -> None:
    ledger: list[dict[str, object]] = []

    async def play() -> _Wire:
        wire, connection = _Wire(), Http1Connection(Nodes(ledger.append), "203.0.113.1")
        connection.connection_made(wire)
        connection.data_received(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        return wire

    wire = asyncio.run(play())
    assert wire.written.startswith(b"HTTP/1.1 505 ")
    assert wire.closed
    assert ledger == []
