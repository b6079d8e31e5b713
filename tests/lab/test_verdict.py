"""From two ledgers and a log to counts, recovery, timeline and a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from unstale.accesslog.row import Row
from unstale.lab.evidence import Evidence
from unstale.lab.ledger import Execution, Request, executed_twice
from unstale.lab.verdict import judge, latency, quantile, recovery, timeline
from unstale.model.experiment import Actor, Event


def _request(
    number: int, *, status: int = 200, due: float | None = None, took: float = 0.001, error: str = ""
) -> Request:
    at = float(number) if due is None else due
    return Request(
        id=str(number), due=at, sent=at, ended=at + took, late_s=0.0, status=status, body_bytes=95, error=error
    )


def _execution(number: int) -> Execution:
    return Execution(at=0.0, id=str(number), method="POST", address="203.0.113.1", answered=200)


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
        executions=tuple(_execution(number) for number in runs or []),
        rows={request.id: _row(int(request.id)) for request in requests if request.status == 503},
        events=events,
        counters={"upstream_cx_total": 3},
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
    assert executed_twice([_execution(number) for number in (1, 2, 2, 3, 3, 3)]) == 2


def test_a_failed_cell_says_what_failed_and_that_it_never_recovered() -> None:
    requests = [_request(0), _request(1, status=503), _request(2, status=503)]
    cell = judge("rotation-sudden", "none", "GET", _evidence(requests), ())
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
    cell = judge("rotation-slow", "article", "GET", _evidence([_request(0, took=0.25)], events=events), ())
    assert cell.sentence == (
        "All 1 GETs succeeded; the slowest took 0.2 s, and the sidecar followed DNS 0.8 s after it moved."
    )


def test_running_twice_is_told_even_when_nothing_failed() -> None:
    cell = judge("runs-then-cuts", "article", "POST", _evidence([_request(0), _request(1)], runs=[0, 0, 1]), ())
    assert (cell.executed_twice, cell.executions) == (1, 3)
    assert cell.sentence == "All 2 POSTs succeeded; 1 POSTs ran more than once on the server."


def test_a_client_time_out_keeps_the_applications_words() -> None:
    cell = judge("firewall-drop", "none", "GET", _evidence([_request(0, status=0, error="client time-out")]), ())
    assert cell.failures == {"client time-out": 1}
