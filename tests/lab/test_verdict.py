"""From two ledgers and a log to counts, recovery, timeline and a sentence."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from unstale.accesslog.row import Row
from unstale.lab.agreement import disagreements
from unstale.lab.evidence import Counts, Evidence
from unstale.lab.ledger import Request, executed_twice
from unstale.lab.scenario import NOTHING, SOME, Bounds, Least
from unstale.lab.verdict import HISTOGRAM_MS, Case, histogram, judge, latency, quantile, recovery, timeline
from unstale.model.experiment import Actor, Event


def _request(
    number: int, *, status: int = 200, due: float | None = None, took: float = 0.001, error: str = ""
) -> Request:
    at = float(number) if due is None else due
    return Request(
        id=str(number), due=at, sent=at, ended=at + took, late_s=0.0, status=status, body_bytes=95, error=error
    )


def _case(scenario: str, policy: str, method: str, bounds: Bounds | None = None, least: Least | None = None) -> Case:
    return Case(scenario=scenario, policy=policy, method=method, bounds=bounds, least=least)


def _row(number: int) -> Row:
    return Row(
        time="",
        method="GET",
        path="/",
        status=503,
        flags=frozenset({"UC"}),
        details="upstream_reset_before_response_started{connection_termination}",
        transport_failure="",
        bytes_received=0,
        bytes_sent=95,
        duration_ms=1,
        request_id=str(number),
        authority="a",
        upstream_host="",
        cluster="PassthroughCluster",
        route="",
        line=f"line {number}",
    )


def _evidence(requests: list[Request], *, runs: list[int] | None = None, events: tuple[Event, ...] = ()) -> Evidence:
    return Evidence(
        folder=Path("recording"),
        start=0.0,
        requests=tuple(requests),
        runs=Counter([request.id for request in requests if request.is_ok] if runs is None else map(str, runs)),
        answered={200: len(requests)},
        logged={request.id: (request.status,) for request in requests},
        rows={request.id: _row(int(request.id)) for request in requests if request.status == 503},
        events=events,
        counts=Counts(envoy={"upstream_cx_total": 3, "upstream_rq_retry": 2}, attempts=len(requests) + 2),
    )


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, 0.0), ([7.0], 0.5, 7.0), ([7.0], 0.99, 7.0), ([1.0, 2.0], 0.5, 1.0), (list(range(1, 101)), 0.99, 99)],
)
def test_quantile_is_a_value_that_was_measured(values: list[float], share: float, expected: float) -> None:
    assert quantile(values, share) == expected


def test_recovery_runs_from_when_the_first_failure_was_due_to_the_first_success_after_the_last() -> None:
    statuses = [200, 503, 200, 503, 200, 200]
    assert recovery([_request(at, status=status) for at, status in enumerate(statuses)]) == pytest.approx(3.001)


@pytest.mark.parametrize(("statuses", "expected"), [([200, 200], 0.0), ([], 0.0), ([200, 503], None), ([503], None)])
def test_recovery_at_the_edges(statuses: list[int], expected: float | None) -> None:
    assert recovery([_request(at, status=status) for at, status in enumerate(statuses)]) == expected


def test_latency_counts_from_when_a_request_was_due_and_only_good_ones() -> None:
    late = Request(id="1", due=0.0, sent=2.0, ended=2.5, late_s=0.0, status=200, body_bytes=0, error="")
    assert latency([late, _request(2, status=503, took=9.0)]).max == pytest.approx(2500)
    assert latency([_request(1, status=503)]).p50 is None


def test_timeline_covers_every_request_once() -> None:
    requests = [_request(0, due=0.0), _request(1, due=0.2499), _request(2, status=503, due=0.25), _request(3, due=1.0)]
    buckets = timeline(requests, 0.0)
    assert [(bucket.ok, bucket.failed) for bucket in buckets] == [(1, 0), (1, 1), (0, 0), (0, 0), (1, 0)]
    assert timeline([], 0.0) == ()


def test_executed_twice_counts_requests_not_runs() -> None:
    assert executed_twice(Counter("122333")) == 2


def test_a_failed_cell_says_what_failed_and_that_it_never_recovered() -> None:
    requests = [_request(0), _request(1, status=503), _request(2, status=503)]
    cell = judge(_case("rotation-sudden", "none", "GET"), _evidence(requests), ())
    assert (cell.requests, cell.ok, cell.failed) == (3, 1, 2)
    assert cell.failures == {"503 UC connection_termination": 2}
    assert cell.recovery_s is None
    assert cell.first_failures[0].line == "line 1"
    assert cell.first_failures[0].body_bytes == 95
    assert cell.sentence == "2 of 3 GETs failed, from 1.0 s to the end: 503 UC connection_termination."


def test_a_clean_cell_says_how_long_the_slowest_took_and_when_dns_was_followed() -> None:
    events = (
        Event(at_s=1.0, actor=Actor.DNS, what="moved"),
        Event(at_s=1.8, actor=Actor.SIDECAR, what="uses 203.0.113.20"),
    )
    cell = judge(_case("rotation-slow", "article", "GET"), _evidence([_request(0, took=0.25)], events=events), ())
    assert cell.sentence == (
        "All 1 GETs succeeded; the slowest took 0.2 s, and the sidecar followed DNS 0.8 s after it moved."
    )


def test_running_twice_is_told_even_when_nothing_failed() -> None:
    cell = judge(_case("runs-then-cuts", "article", "POST"), _evidence([_request(0), _request(1)], runs=[0, 0, 1]), ())
    assert (cell.executed_twice, cell.executions) == (1, 3)
    assert cell.sentence == "All 2 POSTs succeeded; 1 POSTs ran more than once on the server."


def test_a_client_time_out_keeps_the_applications_words() -> None:
    cell = judge(_case("firewall-drop", "none", "GET"), _evidence([_request(0, status=0, error="client time-out")]), ())
    assert cell.failures == {"client time-out": 1}


def test_a_cell_says_since_when_and_until_when_it_failed() -> None:
    cell = judge(_case("calm", "none", "GET"), _evidence([_request(0), _request(1, status=503), _request(2)]), ())
    assert cell.since_s == 1.0
    assert cell.until_s == pytest.approx(1.001)
    assert cell.retries == 2
    assert cell.amplification == pytest.approx(5 / 3)
    well = judge(_case("calm", "none", "GET"), _evidence([_request(0)]), ())
    assert (well.since_s, well.until_s) == (None, None)


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        (None, ""),
        (Bounds(failed=SOME), "met"),
        (Bounds(failed=(0.5, 0.5)), "met"),
        (NOTHING, "failed 1 of 2, expected 0 % to 0 %"),
        (Bounds(failed=(0.51, 1.0)), "failed 1 of 2, expected 51 % to 100 %"),
    ],
)
def test_a_cell_is_held_against_what_its_scenario_expects(bounds: Bounds | None, said: str) -> None:
    cell = judge(_case("calm", "none", "GET", bounds), _evidence([_request(0), _request(1, status=503)]), ())
    assert cell.expectation == said


@pytest.mark.parametrize(("share", "failed"), [(0.0, 0), (0.001, 1), (0.5, 1), (1.0, 2)])
def test_a_bound_is_in_requests_of_the_cell(share: float, failed: int) -> None:
    least = Least(failed=share, why="opaque")
    cell = judge(_case("calm", "none", "GET", least=least), _evidence([_request(0), _request(1)]), ())
    assert cell.bound is not None
    assert (cell.bound.failed, cell.bound.executed_twice, cell.bound.why) == (failed, 0, "opaque")


def test_the_histogram_has_every_good_request_once_and_limits_belong_to_their_column() -> None:
    took = [0.0, 0.001, 0.0011, 5.0, 60.0]
    counts = dict(histogram([_request(number, due=0.0, took=s) for number, s in enumerate(took)]))
    assert counts[1.0] == 2 and counts[2.0] == 1 and counts[5000.0] == 1 and counts[HISTOGRAM_MS[-1]] == 1
    assert sum(counts.values()) == len(took)


def test_ledgers_that_agree_say_nothing() -> None:
    evidence = _evidence([_request(0), _request(1, status=503)])
    counts = Counts(envoy={"downstream_rq_total": 2, "upstream_rq_total": 2, "upstream_cx_total": 1}, attempts=2)
    assert disagreements(replace(evidence, lines=2, counts=counts)) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"logged": {"0": (503,)}}, "1 requests have another status in the log"),
        ({"logged": {"0": (200,), "9": (200,)}}, "the log has 1 requests that the application did not send, first 9"),
        ({"lines": 7, "counts": Counts(envoy={"downstream_rq_total": 8})}, "Envoy counted 8 requests, its log has 7"),
        ({"answered": {503: 1}}, "the application had 1 answers, the servers gave 0"),
        (
            {"counts": Counts(envoy={"upstream_rq_total": 1}, attempts=2)},
            "2 requests arrived at the servers, Envoy sent 1",
        ),
        ({"counts": Counts(envoy={"upstream_cx_total": 1}, accepted=2)}, "2 connections arrived"),
        ({"runs": {"0": 3}, "counts": Counts(attempts=2)}, "the servers ran 3 requests, 2 arrived"),
    ],
)
def test_each_contradiction_is_told(changes: dict[str, Any], words: str) -> None:
    told = disagreements(replace(_evidence([_request(0)]), **changes))
    assert any(words in each for each in told), told


def test_what_the_sidecar_cannot_read_is_not_held_against_its_log() -> None:
    opaque = replace(_evidence([_request(0)]), logged={}, lines=0, is_opaque=True)
    assert disagreements(opaque) == ()
