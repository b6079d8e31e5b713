"""The Python clients in the lab: no GET fails and no POST runs twice where the plain library beside them fails.

Here is what shows it in little time; `make soak` sets UNSTALE_SOAK and runs every scenario that is promised.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from unstale.lab import matrix, runner
from unstale.lab.matrix import Question
from unstale.model.experiment import Cell

pytestmark = pytest.mark.lab

LIBRARIES = ("httpx", "requests", "urllib3", "aiohttp")
SHORT = ("tls-passthrough-rotation-sudden",)
TLS = tuple(
    f"tls-passthrough-{name}" for name in ("rotation-slow", "rotation-sudden", "rotation-gone", "firewall-drop")
)
CLEAR = (
    *("calm", "rotation-slow", "rotation-sudden", "rotation-fin", "rotation-gone", "firewall-drop", "idle-race"),
    *("dns-nxdomain-blip", "dns-servfail"),
)
IS_SOAK = bool(os.environ.get("UNSTALE_SOAK"))
SCENARIOS = (*CLEAR, *TLS) if IS_SOAK else SHORT
Key = tuple[str, str, str]


class _Silent:
    def started(self, name: str) -> None:
        """Nobody watches."""

    def phase(self, name: str, text: str) -> None:
        """Nobody watches."""

    def finished(self, cell: Cell) -> None:
        """Nobody watches."""


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Key, Cell]:
    """By application, scenario and method, of the plain libraries and of ours."""
    found = {}
    for app in (*LIBRARIES, *(f"fresh-{library}" for library in LIBRARIES)):
        folder: Path = tmp_path_factory.mktemp(app)
        question = Question(
            scenarios=SCENARIOS, policies=("none",), app=app, rate=50.0, duration_s=None if IS_SOAK else 5.0
        )
        orders = runner.prepare(matrix.plan(question, folder), folder)
        for cell in runner.run_all(orders, jobs=None, watcher=_Silent()):
            found[app, cell.scenario, cell.method] = cell
    return found


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_no_get_fails(library: str, scenario: str, cells: Mapping[Key, Cell]) -> None:
    cell = cells[f"fresh-{library}", scenario, "GET"]
    assert cell.failed == 0, cell.sentence
    assert not cell.disagreements


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_no_post_runs_twice(library: str, scenario: str, cells: Mapping[Key, Cell]) -> None:
    cell = cells[f"fresh-{library}", scenario, "POST"]
    assert cell.executed_twice == 0, cell.sentence


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_plain_library_fails_there(library: str, cells: Mapping[Key, Cell]) -> None:
    assert cells[library, "tls-passthrough-rotation-sudden", "POST"].failed > 0
    fresh = cells[f"fresh-{library}", "tls-passthrough-rotation-sudden", "GET"]
    assert fresh.failed == 0
