"""The Python clients in the lab: no GET fails and no POST runs twice where the plain library beside them fails.

Here is what shows it in little time; `make soak` sets UNSTALE_SOAK and runs every scenario that is promised.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

import pytest

from unstale.lab import matrix, runner
from unstale.lab.matrix import Question
from unstale.model.experiment import Cell

pytestmark = pytest.mark.lab

LIBRARIES = ("httpx", "requests", "urllib3", "aiohttp")
FRESH = tuple(f"fresh-{library}" for library in LIBRARIES)
PROMISED = (
    *("calm", "rotation-slow", "rotation-sudden", "rotation-fin", "rotation-gone", "firewall-rst", "firewall-drop"),
    *("idle-race", "dns-nxdomain-blip", "dns-servfail"),
)
IS_SOAK = bool(os.environ.get("UNSTALE_SOAK"))
SCENARIOS = PROMISED if IS_SOAK else ("rotation-sudden",)
FOR_ALL_TO_FAIL = "rotation-sudden"
"""Every connection is cut under its requests, and what a library remembers of DNS is wrong from then on."""

Key = tuple[str, str, str, bool]
IS_TLS = pytest.mark.parametrize("is_tls", [False, True], ids=["http", "https"])


class _Silent:
    def started(self, name: str) -> None:
        """Nobody watches."""

    def phase(self, name: str, text: str) -> None:
        """Nobody watches."""

    def finished(self, cell: Cell) -> None:
        """Nobody watches."""


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Key, Cell]:
    """By application, scenario, method and whether it calls https, of the plain libraries and of ours."""
    folder = tmp_path_factory.mktemp("recordings")
    orders = [
        order
        for is_tls in (False, True)
        for apps, scenarios, methods in (
            (FRESH, SCENARIOS, ("GET", "POST")),
            (LIBRARIES, (FOR_ALL_TO_FAIL,), ("POST",)),
        )
        for order in matrix.plan(_question(apps, scenarios, methods, is_tls), folder / ("https" if is_tls else "http"))
    ]
    numbered = [replace(order, number=number) for number, order in enumerate(orders)]
    cells = runner.run_all(runner.prepare(numbered, folder), jobs=None if IS_SOAK else 8, watcher=_Silent())
    return {
        (cell.app, cell.scenario, cell.method, order.calls_https): cell
        for order, cell in zip(orders, cells, strict=True)
    }


def _question(apps: tuple[str, ...], scenarios: tuple[str, ...], methods: tuple[str, ...], is_tls: bool) -> Question:
    return Question(
        scenarios=scenarios,
        policies=("none",),
        methods=methods,
        apps=apps,
        tls=is_tls,
        rate=50.0,
        duration_s=None if IS_SOAK else 3.0,
    )


@IS_TLS
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("app", FRESH)
def test_no_get_fails(app: str, scenario: str, is_tls: bool, cells: Mapping[Key, Cell]) -> None:
    cell = cells[app, scenario, "GET", is_tls]
    assert cell.ok == cell.requests > 0, cell.sentence
    assert not cell.disagreements


@IS_TLS
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("app", FRESH)
def test_no_post_runs_twice(app: str, scenario: str, is_tls: bool, cells: Mapping[Key, Cell]) -> None:
    cell = cells[app, scenario, "POST", is_tls]
    assert cell.executed_twice == 0 < cell.executions, cell.sentence
    assert not cell.disagreements


@IS_TLS
@pytest.mark.parametrize("library", LIBRARIES)
def test_the_plain_library_fails_there(library: str, is_tls: bool, cells: Mapping[Key, Cell]) -> None:
    assert cells[library, FOR_ALL_TO_FAIL, "POST", is_tls].failed > 0
