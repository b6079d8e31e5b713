"""A load that is behind is given up when it hardly gets through, and not because the machine is slow."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from unstale.lab.apps import KEEP_ALIVE
from unstale.lab.ledger import Request
from unstale.lab.program import Load
from unstale.lab.threads import Patience
from unstale.lab.workload import Pace

END_S = 18.0


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the time."""

    def set_to(now: float) -> None:
        monkeypatch.setattr("unstale.lab.threads.time.monotonic", lambda: now)

    return set_to


def _patience(*ended: float, took_s: float = 0.3, is_ok: bool = True) -> Patience:
    pace = Pace(rate=100.0, duration_s=8.0, connections=8, pause_s=1.0)
    load = Load(
        program="http-client",
        habit=KEEP_ALIVE,
        host="a.example",
        port=80,
        method="GET",
        pace=pace,
        timeout_s=10.0,
        ttl_s=1.0,
    )
    patience = Patience(load, 0.0)
    for moment in ended:
        status = 200 if is_ok else 503
        times = {"due": 0.0, "sent": moment - took_s, "ended": moment, "late_s": 0.0}
        patience.saw(Request(id="1", **times, status=status, body_bytes=0, error=""))
    return patience


def test_nothing_is_given_up_before_the_application_would(at: Callable[[float], None]) -> None:
    at(END_S - 0.01)
    assert not _patience().is_over()
    at(END_S)
    assert _patience().is_over()


def test_what_gets_through_is_worth_sending_on_a_busy_machine(at: Callable[[float], None]) -> None:
    lately = [59.0 + number / 10 for number in range(10)]
    at(60.0)
    assert not _patience(*lately).is_over()
    assert _patience(*lately[1:]).is_over(), "nine in a second are too few"
    assert _patience(*lately, is_ok=False).is_over(), "errors are no progress"
    assert _patience(*(moment - 10 for moment in lately)).is_over(), "that was long ago"


def test_requests_that_wait_for_a_time_out_end_the_patience(at: Callable[[float], None]) -> None:
    at(END_S + 10.5)
    lately = [END_S + 9.5 + number / 10 for number in range(10)]
    assert _patience(*lately, took_s=2.0).is_over()
    assert not _patience(*lately, took_s=0.9).is_over()


def test_every_load_ends(at: Callable[[float], None]) -> None:
    at(END_S + 120.1)
    assert _patience(*(END_S + 119.0 + number / 10 for number in range(10))).is_over()
