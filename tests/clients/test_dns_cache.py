"""How long an answer counts, and when it is asked for again."""

from __future__ import annotations

import math
import random

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


def answered(entry: Entry, now: float, *addresses: str, grace_s: float = 120.0) -> Entry:
    return renewed(entry, Found(addresses=addresses, ttl_s=5.0), asked_at=now, now=now, stale_s=300.0, grace_s=grace_s)


def test_an_address_that_left_for_good_counts_no_longer() -> None:
    entry = answered(answered(Entry(), 0.0, "1.1.1.1"), 5.0, "1.1.1.2")
    assert entry.listed == ("1.1.1.2",)


@pytest.mark.parametrize(("away_s", "is_rotating"), [(299.9, True), (300.0, False)])
def test_addresses_that_come_back_in_time_twice_make_a_host_rotate(away_s: float, is_rotating: bool) -> None:
    entry, now = Entry(), 0.0
    for address in ("1.1.1.1", "1.1.1.2", "1.1.1.1", "1.1.1.2"):
        entry = answered(entry, now, address)
        now += away_s / 2
    assert entry.addresses == ("1.1.1.2",)
    now -= away_s / 2
    entry = answered(entry, now + 1, "1.1.1.3")
    assert ("1.1.1.2" in entry.listed) is is_rotating


def test_one_return_is_a_fail_over_that_was_undone() -> None:
    entry = Entry()
    for now, address in enumerate(("1.1.1.1", "1.1.1.2", "1.1.1.1")):
        entry = answered(entry, float(now), address)
    assert entry.listed == ("1.1.1.1",)


@pytest.mark.parametrize(("now", "is_listed"), [(123.9, True), (124.0, False)])
def test_at_a_host_that_rotates_an_address_counts_for_the_grace_period(now: float, is_listed: bool) -> None:
    entry = Entry()
    for moment, address in enumerate(("1.1.1.1", "1.1.1.2", "1.1.1.1", "1.1.1.2", "1.1.1.9")):
        entry = answered(entry, float(moment), address)
    assert set(entry.listed) == {"1.1.1.9", "1.1.1.1", "1.1.1.2"}
    entry = answered(entry, now, "1.1.1.8")
    assert ("1.1.1.9" in entry.listed) is is_listed


def test_the_memory_of_addresses_is_bounded() -> None:
    entry = Entry()
    for number in range(2000):
        entry = answered(entry, number / 100, f"10.0.{number // 256}.{number % 256}")
    assert len(entry.last_seen) == 512
    assert "10.0.7.207" in entry.last_seen


@pytest.mark.parametrize(("pool", "a_time", "most_share"), [(8, 2, 0.05), (16, 4, 0.05), (64, 8, 0.05), (256, 8, 0.05)])
def test_grace_keeps_the_connections_of_a_host_that_rotates(pool: int, a_time: int, most_share: float) -> None:
    assert opened_in_an_hour(pool, a_time, grace_s=120.0) < most_share * opened_in_an_hour(pool, a_time, grace_s=0.0)


def opened_in_an_hour(pool: int, a_time: int, *, grace_s: float) -> int:
    """Connections opened to keep eight, at a host that names `a_time` of `pool` addresses each five seconds."""
    chance = random.Random(1)
    names = [f"10.0.0.{number}" for number in range(pool)]
    entry, opened, now = Entry(), 0, 0.0
    held: list[tuple[str, float]] = []
    while now < 3600:
        entry = answered(entry, now, *chance.sample(names, a_time), grace_s=grace_s)
        held = [(address, end) for address, end in held if address in entry.listed and end > now]
        while len(held) < 8:
            held.append((entry.addresses[0], now + 300 - 60 * chance.random()))
            opened += 1
        now += 4.0
    return opened
