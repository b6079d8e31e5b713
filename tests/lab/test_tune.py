"""The search: candidates in a fixed order, budgets kept, and a front that no candidate beats."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from unstale.lab.matrix import Question
from unstale.lab.order import Order
from unstale.lab.tune.candidate import NEVER_S, Candidate, Methods
from unstale.lab.tune.point import noise_of, with_front
from unstale.lab.tune.search import CONTROLS, Budget, search
from unstale.lab.tune.space import candidates
from unstale.model.experiment import Cell, Latency
from unstale.model.search import Noise, Point
from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import bare

FACTS = HostFacts(host="api.example.com", ttl_s=1, address_count=2)
QUESTION = Question(scenarios=("calm", "rotation-sudden"), methods=("GET", "POST"))
FOLDER = Path("recordings")
AGAIN = [f"recommended, run {number}" for number in range(2, CONTROLS + 1)]


def _measured(scenario: str, p99_ms: float) -> Cell:
    return _with(scenario, "recommended", "GET", p99_ms=p99_ms)


def _cell(order: Order) -> Cell:
    """What a run might give: shorter patience fails more and sends less again."""
    retries = next(
        rule["retries"]["attempts"]
        for one in yaml.safe_load_all(order.sources[0].text)
        if one["kind"] == "VirtualService"
        for rule in one["spec"]["http"]
    )
    return _with(order.scenario, order.policy, order.method, failed=max(0, 11 - retries), retries=10 * retries)


def _with(scenario: str, policy: str, method: str, *, failed: int = 0, retries: int = 0, p99_ms: float = 10.0) -> Cell:
    return Cell(
        scenario=scenario,
        policy=policy,
        method=method,
        requests=100,
        ok=100 - failed,
        failed=failed,
        failures={},
        executed_twice=0,
        executions=100,
        latency_ms=Latency(p50=1.0, p99=p99_ms, max=p99_ms + 10),
        recovery_s=0.0,
        upstream_connections=8,
        late_ms=0.0,
        host_changes=(),
        events=(),
        timeline=(),
        bucket_s=1.0,
        first_failures=(),
        sentence="",
        log="",
        retries=retries,
    )


def _point(failed: int = 0, twice: int = 0, p99_ms: float = 10, extra: int = 100, connections: int = 100) -> Point:
    return Point(
        candidate="recommended",
        failed=failed,
        twice=twice,
        repeated=0,
        p99_ms=p99_ms,
        extra=extra,
        connections=connections,
    )


def test_the_order_is_fixed_and_each_candidate_comes_once() -> None:
    first, second = list(candidates()), list(candidates())
    assert first == second
    assert len({one.name for one in first}) == len(first)
    assert first[0].name == "recommended"
    assert [one.differences for one in first] == sorted(one.differences for one in first)


def test_a_candidate_changes_what_it_says_and_nothing_else() -> None:
    plain = {one["kind"]: one["spec"] for one in map(bare, Candidate().manifests(FACTS))}
    made = Candidate(attempts=3, methods=Methods.ALL, age_s=NEVER_S, idle_s=NEVER_S, has_outliers=False, avoids=True)
    changed = {one["kind"]: one["spec"] for one in map(bare, made.manifests(FACTS))}
    assert changed["ServiceEntry"] == plain["ServiceEntry"]
    rules = [dict(rule["retries"]) for rule in changed["VirtualService"]["http"]]
    assert all(rule["attempts"] == 3 and "reset" in rule["retryOn"].split(",") for rule in rules)
    assert all(rule["retryIgnorePreviousHosts"] for rule in rules)
    policy = changed["DestinationRule"]["trafficPolicy"]
    assert "outlierDetection" not in policy
    assert "maxConnectionDuration" not in policy["connectionPool"]["tcp"]
    assert "idleTimeout" not in policy["connectionPool"]["http"]
    assert made.name == "attempts=3,idle=never,age=never,outliers=no,avoids=yes,methods=all"


def test_the_front_holds_what_no_other_point_beats() -> None:
    best, few, bad = _point(), _point(failed=9, extra=10), _point(failed=9, extra=500)
    assert [one.is_on_front for one in with_front([best, few, bad], Noise())] == [True, True, False]


def test_what_the_machine_makes_by_itself_beats_nobody() -> None:
    noise = noise_of([_point(failed=20, extra=100), _point(failed=23, extra=110, connections=95), _point(failed=21)])
    assert (noise.failed, noise.extra, noise.connections) == (6, 20, 10)
    points = [_point(failed=26, extra=120), _point(failed=20, extra=100), _point(failed=27, extra=100)]
    assert [one.is_on_front for one in with_front(points, noise)] == [True, True, False]


def test_no_failure_is_never_the_same_as_some() -> None:
    noise = Noise(failed=50)
    assert [one.is_on_front for one in with_front([_point(), _point(failed=1)], noise)] == [True, False]


def test_latencies_are_compared_in_every_cell() -> None:
    def point(calm_ms: float, cut_ms: float) -> Point:
        cells = (_measured("calm", calm_ms), _measured("runs-then-cuts", cut_ms))
        return replace(_point(), cells=cells)

    noise = noise_of([point(10, 100), point(15, 100)])
    assert noise.p99_ms == {("calm", "GET"): 10, ("runs-then-cuts", "GET"): 0}
    points = [point(10, 100), point(18, 101), point(20, 100)]
    assert [one.is_on_front for one in with_front(points, noise)] == [True, False, True]


@pytest.mark.parametrize(("cells", "tried"), [(1, 5), (20, 5), (24, 6), (27, 6), (40, 10)])
def test_a_budget_in_cells_is_kept_but_for_the_controls(cells: int, tried: int) -> None:
    ran: list[Order] = []

    def run(orders: tuple[Order, ...]) -> tuple[Cell, ...]:
        ran.extend(orders)
        return tuple(_cell(order) for order in orders)

    points = search(QUESTION, Budget(cells=cells), recordings=FOLDER, run=run).points
    assert len(points) == tried
    assert [point.candidate for point in points[:CONTROLS]] == ["recommended", *AGAIN]
    assert len(ran) == 4 * tried
    assert points[0].is_on_front
    assert points[0].failed == 0


def test_a_budget_in_time_ends_the_search_between_candidates() -> None:
    clock = itertools.count(step=10).__next__
    points = search(
        QUESTION,
        Budget(seconds=25),
        recordings=FOLDER,
        run=lambda orders: tuple(_cell(order) for order in orders),
        clock=lambda: float(clock()),
    ).points
    assert CONTROLS <= len(points) < len(list(candidates()))


def test_the_recommended_policy_of_the_lab_is_that_of_the_remedies() -> None:
    ran: list[Order] = []

    def run(orders: tuple[Order, ...]) -> tuple[Cell, ...]:
        ran.extend(orders)
        return tuple(_cell(order) for order in orders)

    search(QUESTION, Budget(cells=1), recordings=FOLDER, run=run)
    kinds = [one["kind"] for one in yaml.safe_load_all(ran[0].sources[0].text)]
    assert kinds == ["ServiceEntry", "VirtualService", "DestinationRule"]
    assert ran[0].policy == "recommended"
