"""The script of the unseen runs: what it draws, what it counts as a miss and as a false alarm."""

from __future__ import annotations

from pathlib import Path

import pytest
from diagnosing import findings_of, istio, served, written
from truth import true_cause
from unseen_runs import Seen, alarms, causes, told_alarms, told_causes

from unstale.diagnosis.cause import Cause
from unstale.lab import catalogue

MOVED = Path(__file__).resolve().parents[1] / "recordings" / "rotation-sudden" / "none" / "access.log"


def cell(scenario: str, path: Path) -> Seen:
    """A cell of a scenario whose log is this."""
    return Seen(cell=f"{scenario}-none-GET", scenario=scenario, findings=findings_of(path))


def test_a_seed_draws_the_same_runs_and_another_draws_others() -> None:
    runs = [tuple(causes(seed, ("none", "article"))) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize("policy", catalogue.policy_names())
def test_every_scenario_is_run_once_with_a_method_that_it_has(policy: str) -> None:
    runs = tuple(causes(7, (policy,)))
    assert sorted(name for run in runs for name in run.scenarios) == sorted(catalogue.scenario_names())
    for run in runs:
        method = run.arguments[run.arguments.index("--method") + 1]
        assert all(method in catalogue.methods_of(name) for name in run.scenarios)


@pytest.mark.parametrize(("runs", "calls"), [(1, 1), (24, 1), (25, 2), (50, 3)])
def test_calm_runs_are_as_many_as_asked_for(runs: int, calls: int) -> None:
    assert len(tuple(alarms(3, runs))) == calls


def test_a_true_cause_that_does_not_come_first_is_a_miss() -> None:
    assert told_causes([cell("rotation-sudden", MOVED)]) == (1, [])
    number, misses = told_causes([cell("idle-race", MOVED)])
    assert number == 1 and misses[0].startswith("idle-race-none-GET: stale_keepalive_race, but said UC")


def test_what_is_found_in_calm_weather_is_a_miss_and_a_false_alarm() -> None:
    calm = [cell("calm", MOVED)]
    assert len(told_causes(calm)[1]) == 1
    assert len(told_alarms(calm)) == 1


def test_too_few_lines_are_not_judged_and_the_servers_own_errors_are_no_alarm(tmp_path: Path) -> None:
    few = cell("rotation-sudden", written(tmp_path, served(0), istio(1)))
    assert told_causes([few]) == (0, [])
    own = cell("own-503", written(tmp_path, istio(0, flags="-", details="via_upstream", sent=50)))
    assert told_alarms([own]) == []


def test_every_scenario_but_calm_has_a_truth() -> None:
    assert [name for name in catalogue.scenario_names() if true_cause(name) is None] == ["calm"]
    assert true_cause("h2-to-h1") is Cause.PROTOCOL_MISMATCH
    assert true_cause("tls-passthrough-rotation-gone") is Cause.LB_IP_CHANGED
