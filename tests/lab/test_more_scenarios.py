"""One telling cell of every kind of world beyond the default matrix, run for real and held against its scenario."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from unstale.lab import runner
from unstale.lab.matrix import Question, plan
from unstale.lab.order import Order
from unstale.model.experiment import Cell

pytestmark = pytest.mark.lab

Key = tuple[str, str, str]

CELLS: tuple[Key, ...] = (
    ("rotation-gone", "none", "GET"),
    ("rotation-rolling", "recommended", "GET"),
    ("address-reused", "none", "GET"),
    ("firewall-other-resolver", "article", "GET"),
    ("nat-forgets", "none", "GET"),
    ("idle-race", "none", "GET"),
    ("dns-nxdomain-blip", "article", "GET"),
    ("tls-originated-rotation-sudden", "recommended", "GET"),
    ("tls-originated-address-reused", "none", "GET"),
    ("tls-passthrough-rotation-slow", "none", "POST"),
    ("h2-goaway", "recommended", "GET"),
    ("grpc-cut", "none", "POST"),
)
FOREIGN = ("curl", "wrk")
RATE = 40.0


class _Silent:
    def started(self, name: str) -> None:
        """Nobody watches."""

    def phase(self, name: str, text: str) -> None:
        """Nobody watches."""

    def finished(self, cell: Cell) -> None:
        """Nobody watches."""


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, ...], Cell]:
    """As many side by side as the machine has room for, at a low rate."""
    folder = tmp_path_factory.mktemp("recordings")
    wanted: dict[tuple[str, ...], Order] = {key: _order(folder, *key) for key in CELLS}
    wanted |= {(app,): _order(folder, "rotation-slow", "none", "GET", app=app) for app in FOREIGN}
    numbered = [_numbered(order, number) for number, order in enumerate(wanted.values())]
    done = runner.run_all(runner.prepare(numbered, folder), jobs=None, watcher=_Silent())
    return dict(zip(wanted, done, strict=True))


def _order(folder: Path, scenario: str, policy: str, method: str, app: str | None = None) -> Order:
    question = Question(
        scenarios=(scenario,), policies=(policy,), methods=(method,), rate=RATE, apps=(app,) if app else ()
    )
    (order,) = plan(question, folder / (app or "usual"))
    return order


def _numbered(order: Order, number: int) -> Order:
    from dataclasses import replace

    return replace(order, number=number)


@pytest.mark.parametrize("key", CELLS, ids="/".join)
def test_does_what_its_scenario_expects_and_its_counts_agree(key: Key, cells: Mapping[tuple[str, ...], Cell]) -> None:
    cell = cells[key]
    assert cell.expectation == "met", f"{cell.expectation}: {cell.sentence} {cell.log}"
    assert cell.disagreements == ()


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (("rotation-gone", "none", "GET"), "client time-out"),
        (("address-reused", "none", "GET"), "404 via_upstream"),
        (("firewall-other-resolver", "article", "GET"), "503 UF,URX"),
        (("idle-race", "none", "GET"), "503 UC"),
        (("dns-nxdomain-blip", "article", "GET"), "503 UH no_healthy_upstream"),
        (("tls-originated-address-reused", "none", "GET"), "503 UF"),
        (("tls-passthrough-rotation-slow", "none", "POST"), "connection closed without an answer"),
        (("grpc-cut", "none", "POST"), "200 UC"),
    ],
)
def test_fails_for_the_reason_that_it_models(key: Key, reason: str, cells: Mapping[tuple[str, ...], Cell]) -> None:
    assert any(words.startswith(reason) for words in cells[key].failures), cells[key].failures


@pytest.mark.parametrize("app", FOREIGN)
def test_a_foreign_client_meets_the_same_failure(app: str, cells: Mapping[tuple[str, ...], Cell]) -> None:
    cell = cells[(app,)]
    assert cell.failed > 0.1 * cell.requests, cell.sentence
    assert cell.disagreements == ()


def test_distance_is_made_and_named(cells: Mapping[tuple[str, ...], Cell]) -> None:
    cell = cells["idle-race", "none", "GET"]
    assert cell.latency_ms.p50 is not None and cell.latency_ms.p50 >= 80.0, "there and back again at 40 ms"
    assert cell.conditions[0].startswith("40 ms each way, made by ")


def test_cells_that_still_hang_do_not_hold_up_the_next_ones(tmp_path: Path) -> None:
    """Two of the first cell's connections wait for the application's patience while the second cell is run."""
    ended: list[str] = []

    class _Watcher(_Silent):
        def finished(self, cell: Cell) -> None:
            ended.append(cell.scenario)

    hanging = Question(scenarios=("stalls",), policies=("none",), methods=("GET",), duration_s=2.0, timeout_s=8.0)
    brief = Question(scenarios=("calm",), policies=("none",), methods=("GET",), duration_s=1.0)
    orders = [_numbered(plan(one, tmp_path)[0], number) for number, one in enumerate((hanging, brief))]
    stalls, calm = runner.run_all(runner.prepare(orders, tmp_path), jobs=1, watcher=_Watcher())
    assert ended == ["calm", "stalls"]
    assert stalls.failed and stalls.scenario == "stalls"
    assert not calm.failed and calm.scenario == "calm"
