"""The clues of addresses that are refused and come back: in turn, in waves, or while the client still waited."""

from __future__ import annotations

from pathlib import Path

import pytest
from diagnosing import cases_in, clues_of, istio, served, written

from unstale.diagnosis.symptom import Symptom

ONE, TWO, THREE = "203.0.113.7:80", "203.0.113.8:80", "203.0.113.9:80"
DETAILS = "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_111}"


def refused(second: float, upstream: str) -> str:
    """A line of a refused connection."""
    failure = "delayed_connect_error:_111"
    return istio(second, 503, "UF", DETAILS, sent=98, failure=failure, local="-", upstream=upstream)


def log(folder: Path, away: dict[str, tuple[float, ...]], until_s: float = 12.0) -> Path:
    """Each address serves twice a second and is refused at the given seconds instead."""
    lines = []
    for number, (upstream, seconds) in enumerate(away.items()):
        for step in range(int(2 * until_s)):
            at = step / 2
            is_away = any(abs(at - second) < 0.01 for second in seconds)
            line = (
                refused(at, upstream) if is_away else served(at, upstream=upstream, local=f"10.0.0.1:{40000 + number}")
            )
            lines.append((at, line))
    return written(folder, *(line for _, line in sorted(lines)))


def seen(path: Path) -> set[str]:
    """The clues of the only case."""
    (case,) = cases_in(path)
    return clues_of(case)


@pytest.mark.parametrize(
    ("second", "in_turn"),
    [((6.0, 6.5), True), ((3.5, 4.0), True), ((3.0, 3.5), False), ((2.0, 4.5), False)],
    ids=["later", "just-after", "overlapping", "around"],
)
def test_servers_restarted_in_turn(tmp_path: Path, second: tuple[float, ...], in_turn: bool) -> None:
    assert ("RESTARTED_IN_TURN" in seen(log(tmp_path, {ONE: (2.5, 3.0), TWO: second}))) is in_turn


def test_one_that_stays_away_was_not_restarted(tmp_path: Path) -> None:
    stays = tuple(number / 2 for number in range(12, 24))
    assert "RESTARTED_IN_TURN" not in seen(log(tmp_path, {ONE: (2.5, 3.0), TWO: stays}))


def test_one_that_nobody_asks_again_may_have_been_restarted(tmp_path: Path) -> None:
    """Its callers connected anew, to the one that was back already, and stayed there."""
    lines = log(tmp_path, {ONE: (2.5, 3.0), TWO: (6.0, 6.5)}).read_text().splitlines()
    gone = [number for number, line in enumerate(lines) if TWO in line and " 503 " in line][-1]
    kept = [line for number, line in enumerate(lines) if number <= gone or TWO not in line]
    assert "RESTARTED_IN_TURN" in seen(written(tmp_path, *kept))


def test_a_single_refusal_is_no_restart(tmp_path: Path) -> None:
    assert "RESTARTED_IN_TURN" not in seen(log(tmp_path, {ONE: (2.5,), TWO: (6.0,)}))


def test_addresses_that_fail_together_again_and_again(tmp_path: Path) -> None:
    assert "FAILS_IN_WAVES" in seen(log(tmp_path, {ONE: (2.5, 5.5, 8.5), TWO: (2.5, 5.5, 8.5)}))


@pytest.mark.parametrize(
    "away",
    [{ONE: (2.5,), TWO: (2.5,)}, {ONE: (2.5, 5.5), TWO: ()}, {ONE: (2.5, 8.5), TWO: (5.5, 11.0)}],
    ids=["once", "one-address", "never-together"],
)
def test_what_is_no_wave(tmp_path: Path, away: dict[str, tuple[float, ...]]) -> None:
    assert "FAILS_IN_WAVES" not in seen(log(tmp_path, away))


def test_one_that_never_served_while_others_that_failed_too_do(tmp_path: Path) -> None:
    alone = written(tmp_path, served(0), refused(1, TWO), served(1.1), refused(2, TWO), served(3))
    assert "ONE_OF_SEVERAL" in seen(alone)
    both = written(tmp_path, served(0), refused(1, TWO), refused(1, ONE), refused(2, TWO), served(3), served(4))
    assert "ONE_OF_SEVERAL" not in seen(both)


def test_a_client_that_left_between_two_tries_met_what_the_last_one_met(tmp_path: Path) -> None:
    details, tried = "downstream_remote_disconnect", "delayed_connect_error:_111"
    left = istio(0, 0, "DC", details, failure=tried, local="-", sent=0, took_ms=10_048)
    (case,) = cases_in(written(tmp_path, left))
    assert case.symptom is Symptom.REFUSED


def test_busy_connections_to_several_addresses_cut_in_one_moment(tmp_path: Path) -> None:
    def cut(*addresses: str) -> set[str]:
        lines = []
        for number, upstream in enumerate(addresses):
            local = f"10.0.0.1:{40000 + number}"
            lines += [(step / 4, served(step / 4, upstream=upstream, local=local)) for step in range(40)]
            lines.append((10.0, istio(10.0 + number / 100, upstream=upstream, local=local, took_ms=20)))
            lines.append((11.0, served(11.0, upstream=upstream, local=local + "1")))
        return seen(written(tmp_path, *(line for _, line in sorted(lines))))

    assert "CUT_TOGETHER" in cut(ONE, TWO, THREE)
    assert "CUT_TOGETHER" not in cut(ONE, ONE, ONE)


def test_bare_connections_that_had_carried_answers_had_served(tmp_path: Path) -> None:
    def reset(sent: int) -> set[str]:
        lines = [
            istio(second, 0, "UR", "-", sent=sent, took_ms=7000, request="- - -", local=f"10.0.0.1:{41000 + second}")
            for second in range(8)
        ]
        return seen(written(tmp_path, *lines))

    assert {"NEVER_SERVED", "PERSISTENT"} <= reset(0)
    assert not {"NEVER_SERVED", "PERSISTENT"} & reset(11_736)


@pytest.mark.parametrize(("took_ms", "worked"), [(19, False), (21, True)])
def test_within_the_pod_a_wrong_protocol_shows_at_once(tmp_path: Path, took_ms: int, worked: bool) -> None:
    details = "upstream_reset_before_response_started{protocol_error}"
    line = istio(0, 502, "UPE", details, sent=87, took_ms=took_ms, cluster="inbound|8081||", upstream="10.1.1.1:8081")
    assert ("WORKED_FIRST" in seen(written(tmp_path, line))) is worked


@pytest.mark.parametrize(("address", "outside"), [("13.249.75.75:443", True), ("10.96.0.7:443", False)])
def test_a_bare_connection_without_a_cluster(tmp_path: Path, address: str, outside: bool) -> None:
    line = (
        '[2025-01-02T03:00:00.000Z] "- - -" 0 UH - - "-" 0 0 8 - "-" "-" "-" "-" "-" - - '
        f"{address} 172.17.3.28:35070 - -"
    )
    assert ("OUTSIDE_WITHOUT_CLUSTER" in seen(written(tmp_path, line))) is outside
