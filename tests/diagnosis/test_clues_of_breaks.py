"""What broken connections tell of who broke them: in flight or at the next packet, in waves, at a beat, at one age."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from diagnosing import cases_in, clues_of, istio, served, written

ONE, TWO = "203.0.113.7:80", "203.0.113.8:80"
BARE = "- - -"
REFUSED = "upstream_reset_before_response_started{remote_connection_failure,delayed_connect_error:_111}"


def seen(path: Path, flag: str = "UC") -> set[str]:
    """The clues of the case with this flag."""
    (case,) = [case for case in cases_in(path) if case.flag == flag]
    return clues_of(case)


def local(number: int) -> str:
    return f"10.0.0.1:{40000 + number}"


def in_use(number: int, upstream: str, begun: float, until: float) -> Iterable[tuple[float, str]]:
    """A connection that serves every quarter of a second."""
    steps = int((until - begun) * 4)
    return [
        (begun + step / 4, served(begun + step / 4, upstream=upstream, local=local(number))) for step in range(steps)
    ]


def log(folder: Path, *parts: Iterable[tuple[float, str]]) -> Path:
    return written(folder, *(line for _, line in sorted(pair for part in parts for pair in part)))


def broken(second: float, number: int, upstream: str = ONE, took_ms: int = 0) -> list[tuple[float, str]]:
    return [(second, istio(second, upstream=upstream, local=local(number), took_ms=took_ms))]


@pytest.mark.parametrize(
    ("starts", "is_in_flight"),
    [((10.0, 10.03, 10.06), True), ((10.0, 10.0, 10.0), False), ((10.0, 10.06), False)],
    ids=["waiting", "sent-together", "two"],
)
def test_requests_that_break_in_one_instant_while_they_wait(
    tmp_path: Path, starts: tuple[float, ...], is_in_flight: bool
) -> None:
    uses = [in_use(number, ONE, 0.0, 9.9) for number in range(len(starts))]
    ends = [broken(start, number, took_ms=round(1000 * (10.08 - start))) for number, start in enumerate(starts)]
    assert ("CUT_IN_FLIGHT" in seen(log(tmp_path, *uses, *ends))) is is_in_flight


def test_requests_that_break_each_as_it_is_sent_were_not_in_flight(tmp_path: Path) -> None:
    uses = [in_use(number, ONE, 0.0, 9.9) for number in range(3)]
    ends = [broken(10.0 + number / 50, number) for number in range(3)]
    assert "CUT_IN_FLIGHT" not in seen(log(tmp_path, *uses, *ends))


def struck(folder: Path, *volleys: tuple[float, str]) -> set[str]:
    """Three connections to an address break in each volley; both addresses serve from beginning to end."""
    parts = [in_use(90, ONE, 0.0, 20.0), in_use(91, TWO, 0.0, 20.0)]
    for number, (second, upstream) in enumerate(volleys):
        for each in range(3):
            parts += [in_use(10 * number + each, upstream, second - 4.0, second - 0.1)]
            parts += [broken(second + each / 100, 10 * number + each, upstream)]
    return seen(log(folder, *parts))


def test_a_server_that_ends_takes_its_own_connections_once(tmp_path: Path) -> None:
    alone = struck(tmp_path, (10.0, ONE))
    assert "ENDED_ALONE" in alone and "CUT_TOGETHER" not in alone


def test_what_comes_again_is_no_server_that_ended(tmp_path: Path) -> None:
    again = struck(tmp_path, (7.0, ONE), (13.0, ONE))
    assert "CUT_TOGETHER" in again and "ENDED_ALONE" not in again


@pytest.mark.parametrize(
    ("moments", "is_steady"),
    [((4.0, 8.0, 12.1), True), ((4.0, 8.0, 12.3), False), ((4.0, 8.0), False), ((4.0, 8.3, 12.0, 16.2), True)],
    ids=["three", "three-uneven", "two", "four-less-even"],
)
def test_failures_at_a_steady_beat(tmp_path: Path, moments: tuple[float, ...], is_steady: bool) -> None:
    parts = [in_use(90, ONE, 0.0, 20.0)]
    for number, moment in enumerate(moments):
        parts += [in_use(number, ONE, moment - 0.5 * (number + 2), moment - 0.1), broken(moment, number)]
    assert ("STEADY_BEAT" in seen(log(tmp_path, *parts))) is is_steady


def test_each_address_once_is_no_beat(tmp_path: Path) -> None:
    addresses = [f"203.0.113.{number}:80" for number in (7, 8, 9)]
    parts = []
    for number, upstream in enumerate(addresses):
        parts += [in_use(number + 50, upstream, 0.0, 20.0), in_use(number, upstream, 0.0, 4.0 * number + 3.9)]
        parts += [broken(4.0 * number + 4.0, number, upstream)]
    assert "STEADY_BEAT" not in seen(log(tmp_path, *parts))


def slow(begun: float, count: int, took_ms: int = 300) -> list[tuple[float, str]]:
    line = "via_upstream"
    return [
        (begun + number / 50, istio(begun + number / 50, 200, "-", line, sent=20, took_ms=took_ms, local=local(95)))
        for number in range(count)
    ]


@pytest.mark.parametrize(("count", "is_held_up"), [(9, False), (10, True)])
def test_many_that_waited_while_few_failed(tmp_path: Path, count: int, is_held_up: bool) -> None:
    parts = [in_use(number, ONE, 0.0, 20.0) for number in range(2)]
    path = log(tmp_path, *parts, broken(10.0, 3), broken(10.01, 4), broken(10.02, 5), slow(10.1, count))
    assert ("HELD_UP" in seen(path)) is is_held_up


def test_the_tail_of_slow_answers_was_not_held_up(tmp_path: Path) -> None:
    parts = [in_use(number, ONE, 0.0, 20.0) for number in range(2)]
    failed = [broken(10.0, 3), broken(10.01, 4), broken(10.02, 5), slow(10.1, 12)]
    assert "HELD_UP" in seen(log(tmp_path, *parts, *failed, slow(12.0, 11, 40)))
    assert "HELD_UP" not in seen(log(tmp_path, *parts, *failed, slow(12.0, 12, 40)))


def test_answers_that_are_as_slow_in_other_minutes_were_not_held_up(tmp_path: Path) -> None:
    parts = [in_use(number, ONE, 0.0, 110.0) for number in range(2)]
    failed = [broken(10.0, 3), broken(10.01, 4), broken(10.02, 5), slow(10.1, 12)]
    assert "HELD_UP" in seen(log(tmp_path, *parts, *failed))
    assert "HELD_UP" not in seen(log(tmp_path, *parts, *failed, slow(70.0, 12)))


def bare(begun: float, took_s: float, number: int, flag: str = "UR", sent: int = 900) -> list[tuple[float, str]]:
    took_ms = round(1000 * took_s)
    line = istio(begun, 0, flag, "-", sent=sent, took_ms=took_ms, request=BARE, local=local(number))
    return [(begun + took_s, line)]


def test_bare_connections_that_carry_again_after_others_were_cut(tmp_path: Path) -> None:
    first = [bare(0.1 * number, 5.0, number) for number in range(3)]
    again = [bare(6.0 + 0.1 * number, 4.0, 10 + number) for number in range(3)]
    assert "REOPENED" in seen(log(tmp_path, *first, *again), "UR")
    assert "REOPENED" not in seen(log(tmp_path, *first), "UR")
    refused = [bare(6.0 + 0.1 * number, 0.0, 10 + number, "UR", 0) for number in range(3)]
    assert "REOPENED" not in seen(log(tmp_path, *first, *refused), "UR")


def test_an_address_that_was_dialled_before_is_not_new(tmp_path: Path) -> None:
    def moved(dialled: str) -> set[str]:
        uses = [in_use(1, ONE, 0.0, 9.9), in_use(2, TWO, 10.5, 20.0)]
        lines = [(9.9, istio(9.9, upstream=ONE, local=local(1)).replace(f"{local(1)} {ONE}", f"{local(1)} {dialled}"))]
        refused = [(10 + n / 9, istio(10 + n / 9, 503, "UF", REFUSED, upstream=ONE, local="-")) for n in range(4)]
        return seen(log(tmp_path, *uses, lines, refused), "UF")

    assert "NEW_ADDRESSES" in moved(ONE)
    assert "NEW_ADDRESSES" not in moved(TWO)


def aged(folder: Path, *lives: tuple[float, float]) -> set[str]:
    """Connections by when they were made and how old they became."""
    parts = [in_use(90, ONE, 0.0, 30.0)]
    for number, (begun, age) in enumerate(lives):
        parts += [in_use(number, ONE, begun, begun + age - 0.1), broken(begun + age, number)]
    return seen(log(folder, *parts))


def test_connections_that_break_at_one_age(tmp_path: Path) -> None:
    limit = [(begun, 5.0) for begun in (0.0, 2.2, 4.1, 7.3, 9.6)]
    assert "AGES_AT_ONE_VALUE" in aged(tmp_path, *limit)


def test_one_that_lives_on_after_the_age_of_the_others_shows_that_nobody_counts_it(tmp_path: Path) -> None:
    limit = [(begun, 5.0) for begun in (0.0, 2.2, 4.1, 7.3, 9.6)]
    assert not {"AGES_AT_ONE_VALUE", "AGES_ALIKE"} & aged(tmp_path, *limit, (1.1, 10.0))


def test_connections_made_in_the_same_moments_are_of_one_age_whatever_cuts_them(tmp_path: Path) -> None:
    cohorts = [(begun + each / 100, 5.0) for begun in (0.0, 6.0) for each in range(3)]
    assert not {"AGES_AT_ONE_VALUE", "AGES_ALIKE"} & aged(tmp_path, *cohorts)


@pytest.mark.parametrize(
    ("second", "upstream", "is_together"),
    [(10.03, TWO, True), (10.06, TWO, False), (10.03, ONE, False)],
    ids=["at-once", "later", "one-address"],
)
def test_two_addresses_at_once_where_few_break(tmp_path: Path, second: float, upstream: str, is_together: bool) -> None:
    uses = [in_use(1, ONE, 0.0, 9.9), in_use(2, upstream, 0.3, 9.8), in_use(3, TWO, 5.0, 14.9)]
    rest = [in_use(90, ONE, 0.0, 20.0), in_use(91, TWO, 0.0, 20.0)]
    path = log(tmp_path, *uses, *rest, broken(10.0, 1), broken(second, 2, upstream), broken(15.0, 3, TWO))
    assert ("SEVERAL_AT_ONCE" in seen(path)) is is_together


@pytest.mark.parametrize(
    ("before", "name", "is_anothers"),
    [
        (True, "somebody-else.example.net", True),
        (False, "somebody-else.example.net", False),
        (True, "api.example.com", False),
    ],
)
def test_the_certificate_of_another_at_an_address_that_had_served(
    tmp_path: Path, before: bool, name: str, is_anothers: bool
) -> None:
    failure = (
        f"TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:SANs_are_[{name}]:TLS_error_end"
    )
    failure = failure.replace("SANs_are", "verify_cert_failed:_SAN_matcher,_certificate_SANs_are")
    wrong = [(10.0 + n, istio(10.0 + n, flags="UF", failure=failure, local="-")) for n in range(3)]
    path = log(tmp_path, in_use(1, ONE, 0.0, 9.0) if before else [], wrong)
    assert ("CERTIFICATE_OF_ANOTHER" in seen(path, "UF")) is is_anothers


@pytest.mark.parametrize(("last", "is_still"), [(19.9, False), (20.1, True)])
def test_a_proxy_that_resolves_the_name_and_finds_nobody_else(tmp_path: Path, last: float, is_still: bool) -> None:
    refused = [(at, istio(at, 503, "UF", REFUSED, local="-")) for at in (10.5, 15.0, last)]
    path = log(tmp_path, in_use(1, ONE, 0.0, 10.0), [(10.0, served(10.0))], refused)
    assert ("STILL_RESOLVED" in seen(path, "UF")) is is_still


@pytest.mark.parametrize(("begun", "is_old"), [(9.95, True), (9.751, False)], ids=["after-its-last-use", "before-it"])
def test_what_was_given_to_a_connection_as_a_later_try_did_not_hang_on_it(
    tmp_path: Path, begun: float, is_old: bool
) -> None:
    hung = [(begun + 9.0, istio(begun, 0, "DC", "downstream_remote_disconnect", sent=0, took_ms=9000, local=local(1)))]
    silent = "upstream_reset_before_response_started{connection_timeout}"
    dialled = [(at, istio(at, 503, "UF", silent, took_ms=2000, local="-")) for at in (10.0, 10.5, 11.0)]
    clues = seen(log(tmp_path, in_use(1, ONE, 0.0, 10.0), hung, dialled), "UF")
    assert ("OLD_ONES_HANG_TOO" in clues) is is_old
