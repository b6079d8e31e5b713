"""Every decision of the policy at its limits: no clock, no socket."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from unstale.clients.policy import (
    IDEMPOTENT_METHODS,
    Cut,
    Failure,
    Policy,
    Retirement,
    announced_idle_s,
    in_order,
    is_sidecar_503,
    observed_idle_s,
)

CUT_ON_REUSE = Failure(
    cut=Cut.UNANSWERED,
    method="GET",
    has_idempotency_key=False,
    is_replayable=True,
    was_reused=True,
    has_other_address=False,
    was_good=True,
    sends=1,
)
NEVER_SENT = replace(CUT_ON_REUSE, cut=Cut.NEVER_SENT, was_reused=False, sends=0)
STEADY = Policy(max_tries=3, repeat_within_s=5, repeat_base_s=0.25)


def pause(failure: Failure, *, policy: Policy = STEADY, tokens: float = 10, spread: float = 0.5) -> float | None:
    return policy.pause_before_repeat(failure, tokens=tokens, spread=spread)


@pytest.mark.parametrize(
    ("max_age_s", "jitter", "spread", "expires_at"),
    [
        (None, 0.2, 1.0, math.inf),
        (0, 0.2, 1.0, 100.0),
        (10, 0.0, 1.0, 110.0),
        (10, 0.2, 0.0, 110.0),
        (10, 0.2, 1.0, 108.0),
        (10, 1.0, 1.0, 100.0),
    ],
)
def test_a_connection_expires_at_its_age_less_the_jitter(
    max_age_s: float | None, jitter: float, spread: float, expires_at: float
) -> None:
    assert Policy(max_age_s=max_age_s, max_age_jitter=jitter).expires_at(100.0, spread) == expires_at


@pytest.mark.parametrize(
    ("max_idle_s", "announced_s", "observed_s", "limit_s"),
    [
        (None, None, None, math.inf),
        (4, None, None, 4),
        (4, 0, None, 0),
        (4, 1, None, 0.5),
        (4, 2, None, 1),
        (4, 4.9, None, 3.9),
        (4, 5, None, 4),
        (4, 75, None, 4),
        (None, 75, None, 74),
        (4, None, 3, 2),
        (4, 3, 2, 1),
        (4, 2, 3, 1),
        (0, 75, 75, 0),
    ],
)
def test_the_idle_limit_stays_below_the_servers(
    max_idle_s: float | None, announced_s: float | None, observed_s: float | None, limit_s: float
) -> None:
    assert Policy(max_idle_s=max_idle_s).idle_limit_s(announced_s, observed_s) == pytest.approx(limit_s)


@pytest.mark.parametrize(
    ("max_requests", "requests", "is_last"),
    [(None, 10**6, False), (1, 0, False), (1, 1, True), (1, 2, True), (5, 4, False), (5, 5, True)],
)
def test_the_last_request_ends_the_use(max_requests: int | None, requests: int, is_last: bool) -> None:
    assert Policy(max_requests=max_requests).is_last(requests) is is_last


@pytest.mark.parametrize(
    ("policy", "now", "requests", "reason"),
    [
        (Policy(max_requests=3), 109.0, 3, Retirement.MAX_REQUESTS),
        (Policy(max_requests=3), 110.0, 3, Retirement.MAX_REQUESTS),
        (Policy(max_requests=3), 109.0, 2, Retirement.IDLE),
        (Policy(), 109.9, 9, Retirement.IDLE),
        (Policy(), 110.0, 9, Retirement.MAX_AGE),
        (Policy(), 110.1, 9, Retirement.MAX_AGE),
    ],
)
def test_the_reason_is_the_limit_that_was_reached(
    policy: Policy, now: float, requests: int, reason: Retirement
) -> None:
    assert policy.why_retired(now=now, expires_at=110.0, requests=requests) is reason


@pytest.mark.parametrize(("failed_at", "now", "is_suspect"), [(None, 0, False), (0, 9.9, True), (0, 10, False)])
def test_an_address_is_suspect_for_a_while(failed_at: float | None, now: float, is_suspect: bool) -> None:
    assert Policy(suspect_s=10).is_suspect(failed_at, now) is is_suspect


@pytest.mark.parametrize(("tokens", "after"), [(0, 0.2), (9.7, 9.9), (9.9, 10), (10, 10)])
def test_requests_earn_repeats_up_to_the_burst(tokens: float, after: float) -> None:
    assert Policy(repeat_ratio=0.2, repeat_burst=10).earn(tokens) == pytest.approx(after)


@pytest.mark.parametrize("method", sorted(IDEMPOTENT_METHODS))
def test_an_idempotent_method_that_was_cut_on_reuse_is_repeated_at_once(method: str) -> None:
    assert pause(replace(CUT_ON_REUSE, method=method)) == 0.0


@pytest.mark.parametrize("method", ["POST", "PATCH", "CONNECT", "get"])
def test_a_request_that_may_have_run_is_not_repeated(method: str) -> None:
    assert pause(replace(CUT_ON_REUSE, method=method)) is None


def test_an_idempotency_key_makes_a_post_repeatable() -> None:
    assert pause(replace(CUT_ON_REUSE, method="POST", has_idempotency_key=True)) == 0.0


@pytest.mark.parametrize("has_key", [False, True])
def test_an_answer_that_began_forbids_the_repeat(has_key: bool) -> None:
    assert pause(replace(CUT_ON_REUSE, cut=Cut.ANSWERED, has_idempotency_key=has_key)) is None


def test_a_body_that_cannot_be_sent_twice_forbids_the_repeat() -> None:
    assert pause(replace(CUT_ON_REUSE, is_replayable=False)) is None


@pytest.mark.parametrize(("tokens", "is_repeated"), [(0, False), (0.99, False), (1, True), (2, True)])
def test_the_budget_is_whole_repeats(tokens: float, is_repeated: bool) -> None:
    assert (pause(CUT_ON_REUSE, tokens=tokens) is not None) is is_repeated


@pytest.mark.parametrize(
    ("max_repeats", "sends", "is_repeated"),
    [(0, 1, False), (1, 0, True), (1, 1, True), (1, 2, False), (2, 2, True), (2, 3, False)],
)
def test_a_request_that_may_have_run_is_sent_again_so_often_and_no_more(
    max_repeats: int, sends: int, is_repeated: bool
) -> None:
    policy = Policy(max_repeats=max_repeats)
    assert (pause(replace(CUT_ON_REUSE, sends=sends), policy=policy) is not None) is is_repeated


@pytest.mark.parametrize(
    ("tries", "change", "pause_s"),
    [
        (0, {}, 0.25),
        (0, {"has_other_address": True}, 0.0),
        (0, {"has_good_address": True}, 0.0),
        (0, {"was_good": False}, None),
        (1, {"has_good_address": True}, 0.25),
        (2, {}, 0.25),
        (3, {}, None),
        (0, {"method": "POST"}, None),
        (0, {"method": "POST", "has_idempotency_key": True}, 0.25),
    ],
)
def test_what_the_sidecar_answers_itself_is_tried_like_what_was_never_sent_if_it_may_run_twice(
    tries: int, change: dict[str, Any], pause_s: float | None
) -> None:
    failure = replace(CUT_ON_REUSE, cut=Cut.SIDECAR_503, sends=1 + tries, tries=tries, **change)
    assert pause(failure) == pause_s
    assert pause(failure, policy=replace(STEADY, max_repeats=0)) is None


@pytest.mark.parametrize(
    ("since_first_s", "pause_s"), [(0.5, 0.5), (2.0, 1.0), (4.0, 1.0), (4.4, 0.6), (5.0, 0.0), (5.01, None)]
)
def test_what_the_sidecar_answers_itself_is_looked_after_every_second_to_the_end_of_the_time(
    since_first_s: float, pause_s: float | None
) -> None:
    again = replace(CUT_ON_REUSE, cut=Cut.SIDECAR_503, sends=2, tries=1, since_first_s=since_first_s)
    assert pause(again) == (None if pause_s is None else pytest.approx(pause_s))


@pytest.mark.parametrize(("tries", "is_repeated"), [(0, True), (1, True), (2, True), (3, False), (4, False)])
def test_the_tries_of_what_was_never_sent_are_bounded(tries: int, is_repeated: bool) -> None:
    assert (pause(replace(NEVER_SENT, tries=tries)) is not None) is is_repeated


def test_tries_that_reached_no_server_do_not_use_up_the_one_repeat() -> None:
    assert pause(replace(CUT_ON_REUSE, tries=3)) == 0.0


@pytest.mark.parametrize(
    ("since_first_s", "spread", "pause_s"),
    [
        (0, 0.0, 0.125),
        (0, 0.5, 0.25),
        (0, 1.0, 0.375),
        (0.25, 0.5, 0.25),
        (0.5, 0.5, 0.5),
        (1, 0.5, 1.0),
        (2, 0.0, 1.0),
    ],
)
def test_the_pause_is_as_long_again_as_the_wait_so_far(since_first_s: float, spread: float, pause_s: float) -> None:
    failure = replace(NEVER_SENT, tries=1, since_first_s=since_first_s)
    assert pause(failure, spread=spread) == pytest.approx(pause_s)


@pytest.mark.parametrize(("since_first_s", "is_repeated"), [(0, True), (2.5, True), (2.51, False), (60, False)])
def test_no_try_begins_after_the_time(since_first_s: float, is_repeated: bool) -> None:
    failure = replace(NEVER_SENT, tries=1, since_first_s=since_first_s)
    assert (pause(failure) is not None) is is_repeated


@pytest.mark.parametrize(("since_first_s", "is_repeated"), [(0, True), (5, True), (5.01, False)])
def test_no_repeat_begins_after_the_time(since_first_s: float, is_repeated: bool) -> None:
    assert (pause(replace(CUT_ON_REUSE, since_first_s=since_first_s)) is not None) is is_repeated


@pytest.mark.parametrize(
    ("change", "pause_s"),
    [
        ({"dns_changes_in_s": math.inf}, 0.0),
        ({"dns_changes_in_s": 5.01}, 0.0),
        ({"dns_changes_in_s": 5.0}, 0.25),
        ({"dns_changes_in_s": 0.1}, 0.1),
        ({"dns_changes_in_s": 0.0}, 0.0),
        ({"dns_changes_in_s": -1.0}, 0.0),
        ({"dns_changes_in_s": 3.0, "since_first_s": 2.0}, 1.0),
        ({"dns_changes_in_s": 3.01, "since_first_s": 2.0}, 0.0),
        ({"dns_changes_in_s": 3.0, "has_other_address": True}, 0.25),
        ({"dns_changes_in_s": 3.0, "has_good_address": True}, 0.0),
        ({"dns_changes_in_s": 3.0, "was_good": False}, 0.25),
    ],
)
def test_the_one_repeat_waits_until_dns_may_have_changed(change: dict[str, Any], pause_s: float) -> None:
    assert pause(replace(CUT_ON_REUSE, **change)) == pytest.approx(pause_s)


@pytest.mark.parametrize(
    ("change", "pause_s"),
    [
        ({}, None),
        ({"has_other_address": True}, 0.0),
        ({"has_good_address": True}, 0.0),
        ({"dns_changes_in_s": 2.0}, 0.25),
        ({"dns_changes_in_s": 2.0, "was_good": False}, None),
        ({"dns_changes_in_s": 0.0}, None),
        ({"method": "POST", "has_other_address": True}, None),
    ],
    ids=[
        "only address",
        "other address",
        "good address",
        "DNS may change",
        "never good",
        "DNS did not",
        "never a POST",
    ],
)
def test_a_new_connection_that_is_cut_is_repeated_where_there_is_hope(
    change: dict[str, Any], pause_s: float | None
) -> None:
    assert pause(replace(CUT_ON_REUSE, was_reused=False, **change)) == pause_s


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("was_good", "has_other_address", "tries", "pause_s"),
    [(False, False, 0, None), (True, False, 0, 0.25), (False, True, 0, 0.0), (False, False, 1, 0.25)],
    ids=["host never answered", "host answered before", "another address", "after a try"],
)
def test_what_was_never_sent_is_tried_again_whatever_the_method(
    method: str, was_good: bool, has_other_address: bool, tries: int, pause_s: float | None
) -> None:
    failure = replace(NEVER_SENT, method=method, was_good=was_good, has_other_address=has_other_address, tries=tries)
    assert pause(failure) == pause_s


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("has_other_address", "tries", "pause_s"), [(False, 0, None), (False, 1, None), (True, 0, 0.0), (True, 1, 0.25)]
)
def test_a_connect_time_out_is_repeated_only_for_an_address_that_was_not_tried(
    method: str, has_other_address: bool, tries: int, pause_s: float | None
) -> None:
    failure = replace(
        NEVER_SENT, cut=Cut.CONNECT_TIMED_OUT, method=method, has_other_address=has_other_address, tries=tries
    )
    assert pause(failure) == pause_s


@pytest.mark.parametrize(
    ("status", "scheme", "server", "service_time", "is_sidecars"),
    [
        (503, "http", "envoy", None, True),
        (502, "http", "envoy", None, False),
        (503, "https", "envoy", None, False),
        (503, "http", "nginx", None, False),
        (503, "http", None, None, False),
        (503, "http", "envoy", "3", False),
    ],
)
def test_a_503_is_the_sidecars_where_no_server_took_part(
    status: int, scheme: str, server: str | None, service_time: str | None, is_sidecars: bool
) -> None:
    assert is_sidecar_503(status, scheme, server, service_time) is is_sidecars


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("timeout=5", 5.0),
        ("timeout=5, max=100", 5.0),
        ("max=100,  Timeout = 15", 15.0),
        ("timeout=0", 0.0),
        ("timeout=", None),
        ("timeout=-1", None),
        ("timeout=soon", None),
        ("max=100", None),
    ],
)
def test_the_keep_alive_header_is_read(header: str | None, seconds: float | None) -> None:
    assert announced_idle_s(header) == seconds


@pytest.mark.parametrize(
    ("known_s", "known_at", "idle_s", "expected"),
    [
        (None, -math.inf, 0.99, None),
        (None, -math.inf, 1.0, 1.0),
        (3.0, 0.0, 2.0, 2.0),
        (2.0, 0.0, 3.0, 2.0),
        (2.0, 0.0, 0.5, 2.0),
        (2.0, -600.0, 3.0, 3.0),
        (2.0, -599.0, 3.0, 2.0),
        (2.0, -600.0, 0.5, None),
    ],
)
def test_a_closing_teaches_the_servers_limit_for_ten_minutes(
    known_s: float | None, known_at: float, idle_s: float, expected: float | None
) -> None:
    assert observed_idle_s(known_s, known_at, idle_s, 0.0) == expected


@pytest.mark.parametrize(
    ("addresses", "suspects", "order"),
    [
        ((), (), ()),
        (("1.1.1.1", "1.1.1.2"), (), ("1.1.1.1", "1.1.1.2")),
        (("1.1.1.1", "::1"), (), ("::1", "1.1.1.1")),
        (("1.1.1.1", "1.1.1.2", "::1"), (), ("::1", "1.1.1.1", "1.1.1.2")),
        (("1.1.1.1", "::1", "::2"), (), ("::1", "1.1.1.1", "::2")),
        (("1.1.1.1", "::1"), ("::1",), ("1.1.1.1", "::1")),
        (("1.1.1.1",), ("1.1.1.1",), ("1.1.1.1",)),
    ],
)
def test_families_take_turns_and_suspects_come_last(
    addresses: tuple[str, ...], suspects: tuple[str, ...], order: tuple[str, ...]
) -> None:
    assert in_order(addresses, frozenset(suspects)) == order


@pytest.mark.parametrize("field", ["max_age_s", "max_idle_s", "max_requests", "max_repeats", "connect_timeout_s"])
def test_a_negative_limit_is_refused(field: str) -> None:
    bad: dict[str, Any] = {field: -1}
    with pytest.raises(ValueError, match=rf"Policy: {field} is negative \(-1\). Give 0 or more."):
        replace(Policy(), **bad)


def test_a_jitter_above_one_and_no_requests_at_all_are_refused() -> None:
    with pytest.raises(ValueError, match="max_age_jitter is above one"):
        Policy(max_age_jitter=1.1)
    with pytest.raises(ValueError, match="max_requests is zero"):
        Policy(max_requests=0)


@pytest.mark.parametrize(
    ("overdue_s", "slowest_s", "limit_s"), [(4.0, 0.0, 4.0), (4.0, 1.5, 4.0), (4.0, 6.0, 12.0), (None, 6.0, math.inf)]
)
def test_silence_says_something_after_twice_the_slowest_answer(
    overdue_s: float | None, slowest_s: float, limit_s: float
) -> None:
    assert Policy(overdue_s=overdue_s).longest_silence_s(slowest_s) == limit_s
