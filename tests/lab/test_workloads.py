"""Each workload's schedule is in order, within its time, and of the size that it promises."""

from __future__ import annotations

import pytest

from unstale.lab.catalogue import explain_workload, workload_names
from unstale.lab.registry import members
from unstale.lab.workload import Pace, Workload

PACE = Pace(rate=100.0, duration_s=8.0, connections=8, pause_s=2.0)


def _work(name: str) -> Workload:
    found: Workload = members("unstale.lab.workloads", "WORKLOAD")[name]
    return found


@pytest.mark.parametrize("name", workload_names())
@pytest.mark.parametrize("duration_s", [1.0, 8.0, 60.0])
def test_requests_are_due_in_order_and_in_time(name: str, duration_s: float) -> None:
    due = list(_work(name).due(Pace(rate=100.0, duration_s=duration_s, connections=8, pause_s=1.0)))
    assert due == sorted(due)
    assert due[0] == 0.0
    assert due[-1] <= duration_s
    assert len(explain_workload(name).splitlines()) >= 3


@pytest.mark.parametrize(
    ("name", "count"),
    [("steady", 800), ("burst", 800), ("effects", 800), ("sparse", 32), ("large-uploads", 40), ("long-requests", 10)],
)
def test_each_has_its_size(name: str, count: int) -> None:
    assert len(list(_work(name).due(PACE))) == count


def test_sparse_uses_every_connection_at_once_and_then_pauses() -> None:
    due = list(_work("sparse").due(PACE))
    assert due[:9] == [0.0] * 8 + [2.0]


def test_long_requests_never_need_more_connections_than_there_are() -> None:
    work = _work("long-requests")
    due = list(work.due(PACE))
    for moment in due:
        assert sum(start <= moment < start + work.takes_s for start in due) <= PACE.connections


def test_large_uploads_are_larger_than_what_a_proxy_keeps_for_a_retry() -> None:
    assert _work("large-uploads").body_bytes >= 1024 * 1024
