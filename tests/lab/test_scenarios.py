"""Every scenario, run for real: each policy does what the scenario says it does, and the counts agree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from unstale.lab import catalogue, matrix, runner
from unstale.lab.matrix import Question
from unstale.lab.recording import read_rows
from unstale.lab.scenario import Bounds
from unstale.model.experiment import Actor, Cell

pytestmark = pytest.mark.lab

Key = tuple[str, str, str]
FIRST = "503 UC upstream_reset_before_response_started{connection_termination}"


class _Silent:
    def started(self, name: str) -> None:
        """Nobody watches."""

    def phase(self, name: str, text: str) -> None:
        """Nobody watches."""

    def finished(self, cell: Cell) -> None:
        """Nobody watches."""


@pytest.fixture(scope="session")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Key, Cell]:
    """The default matrix, run once for all tests."""
    folder = tmp_path_factory.mktemp("recordings")
    orders = runner.prepare(matrix.plan(Question(), folder), folder)
    done = runner.run_all(orders, jobs=None, watcher=_Silent())
    return {(cell.scenario, cell.policy, cell.method): cell for cell in done}


def _expectations() -> list[tuple[Key, Bounds]]:
    return [
        ((name, *key), bounds)
        for name in catalogue.default_scenario_names()
        for key, bounds in catalogue.scenarios()[name].expects.items()
    ]


@pytest.mark.parametrize(("key", "bounds"), [pytest.param(*pair, id="/".join(pair[0])) for pair in _expectations()])
def test_policy_does_what_the_scenario_says(key: Key, bounds: Bounds, cells: Mapping[Key, Cell]) -> None:
    cell = cells[key]
    assert bounds.failed[0] <= cell.failed / cell.requests <= bounds.failed[1], cell.sentence
    assert bounds.twice[0] <= cell.executed_twice / cell.requests <= bounds.twice[1], cell.sentence


@pytest.mark.parametrize("scenario", ["rotation-slow", "rotation-sudden", "firewall-rst"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_doing_nothing_fails_exactly_as_reported_from_the_field(
    scenario: str, method: str, cells: Mapping[Key, Cell]
) -> None:
    cell = cells[scenario, "none", method]
    first = next(failure for failure in cell.first_failures if FIRST in failure.line)
    assert first.body_bytes == 95
    assert "PassthroughCluster" in first.line


@pytest.mark.parametrize("scenario", ["rotation-slow", "rotation-sudden"])
def test_doing_nothing_never_recovers(scenario: str, cells: Mapping[Key, Cell]) -> None:
    cell = cells[scenario, "none", "GET"]
    assert cell.failed > 0.2 * cell.requests
    assert cell.recovery_s is None


@pytest.mark.parametrize("scenario", catalogue.default_scenario_names())
def test_recommended_loses_no_get_and_runs_no_post_twice(scenario: str, cells: Mapping[Key, Cell]) -> None:
    get, post = cells[scenario, "recommended", "GET"], cells[scenario, "recommended", "POST"]
    own = [execution for execution in read_rows(Path(get.log) / "executions.jsonl") if execution["answered"] == 503]
    assert get.failed <= len(own), get.sentence
    assert scenario == "own-503" or get.failed == 0, get.sentence
    assert post.executed_twice == 0, post.sentence


@pytest.mark.parametrize("scenario", ["runs-then-cuts", "own-503"])
def test_the_article_runs_posts_twice(scenario: str, cells: Mapping[Key, Cell]) -> None:
    cell = cells[scenario, "article", "POST"]
    assert cell.executed_twice > 0
    assert cell.executions > cell.requests


def test_every_cell_counts_every_request_once(cells: Mapping[Key, Cell]) -> None:
    for key, cell in cells.items():
        assert cell.requests == 800, key
        assert cell.disagreements == (), key
        assert cell.ok + cell.failed == cell.requests, key
        assert sum(cell.failures.values()) == cell.failed, key
        assert sum(bucket.ok for bucket in cell.timeline) == cell.ok, key
        assert sum(bucket.failed for bucket in cell.timeline) == cell.failed, key
        served = {row["id"] for row in read_rows(Path(cell.log) / "executions.jsonl") if row["answered"] == 200}
        assert len(served) >= cell.ok, key


def test_the_load_is_sent_when_it_is_due(cells: Mapping[Key, Cell]) -> None:
    lateness = sorted(cell.late_ms for cell in cells.values())
    assert lateness[len(lateness) // 2] < 100, "the machine is too slow for so many cells side by side"


def test_the_sidecar_follows_dns_within_a_refresh(cells: Mapping[Key, Cell]) -> None:
    cell = cells["rotation-slow", "article", "GET"]
    moved = next(event.at_s for event in cell.events if event.actor is Actor.DNS)
    followed = next(change for change in cell.host_changes if change.at_s > moved)
    assert followed.addresses == ("203.0.113.20", "203.0.113.21")
    assert followed.at_s - moved < 2.0


def test_the_recording_holds_everything_that_was_judged(cells: Mapping[Key, Cell]) -> None:
    folder = Path(cells["firewall-rst", "article", "GET"].log)
    names = {path.name for path in folder.iterdir()}
    assert {"access.log", "requests.jsonl", "executions.jsonl", "events.jsonl", "counters.json", "order.json"} <= names
    assert "article.yaml" in names
    order = json.loads((folder / "order.json").read_text())
    assert order["versions"]["envoy"]
    answered = [row for row in read_rows(folder / "dns.jsonl") if row["host"] == "host1.yourdomain.com"]
    assert {row["ttl_s"] for row in answered} == {1}
    firewall = [row["what"] for row in read_rows(folder / "events.jsonl") if row["actor"] == "firewall"]
    assert any(str(what).startswith("forgot 203.0.113.1") for what in firewall)
