"""How long an answer counts, and when it is asked for again."""

from __future__ import annotations

import math

import pytest

from unstale.clients.dns_cache import Entry, Found, failed, renewed


def good(ttl_s: float = 10.0, addresses: tuple[str, ...] = ("1.1.1.1",)) -> Entry:
    return renewed(Entry(), Found(addresses=addresses, ttl_s=ttl_s), asked_at=100.0, now=100.1, stale_s=30.0)


def test_an_answer_counts_for_its_ttl_from_the_question_and_is_renewed_before() -> None:
    entry = good()
    assert (entry.expires_at, entry.refresh_at, entry.stale_until) == (110.0, 108.0, 140.0)
    assert entry.is_fresh(109.9)
    assert not entry.is_fresh(110.0)


@pytest.mark.parametrize(
    ("ttl_s", "expires_at"), [(0, 101.0), (0.9, 101.0), (1, 101.0), (2, 102.0), (3600, 3700.0), (86400, 3700.0)]
)
def test_the_ttl_is_bounded(ttl_s: float, expires_at: float) -> None:
    assert good(ttl_s).expires_at == expires_at


def test_a_numeric_host_is_never_asked_for_again() -> None:
    entry = good(math.inf)
    assert (entry.expires_at, entry.refresh_at) == (math.inf, math.inf)
    assert not entry.may_be_forced(10**9)


def test_the_last_good_answer_is_kept_for_a_bounded_time() -> None:
    entry = failed(good(), asked_at=110.0, now=110.0)
    assert entry.addresses == ("1.1.1.1",)
    assert entry.is_usable(139.9)
    assert not entry.is_usable(140.0)


def test_an_answer_that_ran_out_without_a_failure_is_looked_up_first() -> None:
    assert not good().is_usable(110.0)


def test_nothing_is_usable_before_the_first_answer() -> None:
    assert not failed(Entry(), asked_at=0.0, now=0.0).is_usable(0.0)


@pytest.mark.parametrize(("failures", "pause_s"), [(0, 0.5), (1, 1.0), (2, 2.0), (3, 4.0), (4, 5.0), (9, 5.0)])
def test_failed_look_ups_are_spread(failures: int, pause_s: float) -> None:
    entry = good()
    for _ in range(failures):
        entry = failed(entry, asked_at=110.0, now=110.0)
    assert failed(entry, asked_at=120.0, now=120.5).refresh_at == 120.5 + pause_s


def test_a_good_answer_forgets_the_failures() -> None:
    entry = failed(good(), asked_at=110.0, now=110.0)
    again = renewed(entry, Found(addresses=("1.1.1.2",), ttl_s=10), asked_at=111.0, now=111.0, stale_s=30.0)
    assert (again.failures, again.addresses) == (0, ("1.1.1.2",))


@pytest.mark.parametrize(
    ("is_v4_failed", "is_v6_failed", "addresses"),
    [
        (False, False, ("1.1.1.2",)),
        (True, False, ("1.1.1.2", "1.1.1.1")),
        (False, True, ("1.1.1.2", "::1")),
        (True, True, ("1.1.1.2", "1.1.1.1", "::1")),
    ],
)
def test_a_family_that_could_not_be_looked_up_keeps_its_addresses(
    is_v4_failed: bool, is_v6_failed: bool, addresses: tuple[str, ...]
) -> None:
    found = Found(addresses=("1.1.1.2",), ttl_s=10, is_v4_failed=is_v4_failed, is_v6_failed=is_v6_failed)
    before = good(addresses=("1.1.1.1", "::1"))
    assert renewed(before, found, asked_at=110.0, now=110.0, stale_s=30.0).addresses == addresses


@pytest.mark.parametrize(("now", "may_ask"), [(100.4, False), (100.5, True)])
def test_failed_exchanges_do_not_flood_the_name_server(now: float, may_ask: bool) -> None:
    assert good().may_be_forced(now) is may_ask
