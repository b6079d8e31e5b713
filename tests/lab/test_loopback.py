"""Without namespaces: what is left out and why, whose addresses are whose, and a cell that runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from unstale.envoy.inputs import compile_sources
from unstale.lab import loopback, matrix, runner
from unstale.lab.matrix import Question, plan
from unstale.lab.order import Order
from unstale.model.errors import MachineError
from unstale.model.experiment import Cell
from unstale.sidecar.local import localize

FOLDER = Path("recordings")


def _orders(*scenarios: str, policy: str = "recommended") -> tuple[Order, ...]:
    return plan(Question(scenarios=scenarios, policies=(policy,), methods=("GET", "POST")), FOLDER)


def test_what_needs_a_namespace_is_left_out_with_its_reason() -> None:
    told = matrix.left_out_on_loopback(_orders("all"))
    assert told["nat-forgets"] == "nothing translates addresses on the loopback"
    assert told["idle-race"] == "the loopback has no distance"
    assert all("vanish" in told[name] for name in ("rotation-gone", "firewall-drop", "one-dead-address"))
    assert "captured" in told["tls-passthrough-rotation-slow"]
    assert "resolver" in told["firewall-other-resolver"]
    assert not {"calm", "rotation-slow", "rotation-sudden", "firewall-rst", "own-503", "dns-empty"} & set(told)


def test_cells_side_by_side_share_no_address() -> None:
    placed = [loopback.placed(order) for order in _orders("calm", "rotation-slow")]
    places = [set(order.world.addresses) | {order.loopback.listener[0]} for order in placed if order.loopback]
    assert len(places) == 4
    assert not places[0] & places[1]
    assert all(address.startswith("127.") for each in places for address in each)


@pytest.mark.parametrize("policy", ["none", "recommended"])
def test_the_sidecar_listens_where_it_is_called_and_captures_nothing(policy: str) -> None:
    order = loopback.placed(_orders("calm", policy=policy)[0])
    assert order.loopback is not None
    resources = localize(compile_sources(order.sources, order.setting).resources, access_log=None)
    found = loopback.on_loopback(resources, order.loopback, 80)
    (listener,) = found.listeners
    address, port = order.loopback.listener
    assert listener.value["address"] == {"socket_address": {"address": address, "port_value": port}}
    assert "bind_to_port" not in listener.value
    passthrough = next(each for each in found.clusters if each.name == "PassthroughCluster")
    assert passthrough.value["original_dst_lb_config"] == {"use_http_header": True}


def test_a_host_without_an_http_listener_is_refused_in_words() -> None:
    order = loopback.placed(_orders("calm")[0])
    assert order.loopback is not None
    resources = localize(compile_sources(order.sources, order.setting).resources, access_log=None)
    with pytest.raises(MachineError, match="no HTTP listener on port 81"):
        loopback.on_loopback(resources, order.loopback, 81)


class _Silent:
    def started(self, name: str) -> None:
        """Nobody watches."""

    def phase(self, name: str, text: str) -> None:
        """Nobody watches."""

    def finished(self, cell: Cell) -> None:
        """Nobody watches."""


@pytest.mark.lab
def test_the_failure_and_its_cure_are_the_same_without_namespaces(tmp_path: Path) -> None:
    question = Question(
        scenarios=("rotation-sudden", "firewall-rst"),
        policies=("none", "recommended"),
        methods=("GET",),
        rate=50.0,
        duration_s=6.0,
    )
    orders = runner.prepare(plan(question, tmp_path), tmp_path, is_loopback=True)
    cells = runner.run_all(orders, jobs=4, watcher=_Silent(), is_loopback=True)
    for cell in cells:
        assert cell.disagreements == ()
        assert (cell.failed == 0) == (cell.policy == "recommended"), cell.sentence
    assert "connection_termination" in next(iter(cells[0].failures))
