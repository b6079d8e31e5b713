"""Clues at their limits: seen just over, not seen just under."""

from __future__ import annotations

from pathlib import Path

import pytest
from diagnosing import cases_in, clues_of, istio, served, written

from unstale.diagnosis.case import Case


def only(path: Path) -> Case:
    """The one case of a file."""
    (case,) = cases_in(path)
    return case


def idle(folder: Path, *gaps_s: float) -> set[str]:
    """The clues of failures on connections that had been idle for these times."""
    lines = []
    for number, gap_s in enumerate(gaps_s):
        local = f"10.0.0.1:{40000 + number}"
        start = 10.0 * number
        lines += [(start, served(start, local=local)), (start + gap_s, istio(start + 0.003 + gap_s, local=local))]
    return clues_of(only(written(folder, *(line for _, line in sorted(lines)))))


def test_idle_times_at_one_value(tmp_path: Path) -> None:
    seen = idle(tmp_path, 5.0, 5.1, 5.2, 5.05)
    assert {"REUSED_CONNECTION", "REUSED_AFTER_IDLE", "GAPS_AT_ONE_VALUE", "NEVER_LONG_IDLE"} <= seen


def test_two_idle_times_are_no_value(tmp_path: Path) -> None:
    assert "GAPS_AT_ONE_VALUE" not in idle(tmp_path, 5.0, 5.1)


def test_idle_times_all_over_are_no_value(tmp_path: Path) -> None:
    assert "GAPS_AT_ONE_VALUE" not in idle(tmp_path, 2.0, 9.0, 25.0, 50.0, 80.0)


@pytest.mark.parametrize(("gap_s", "clue"), [(0.7, "REUSED_WHILE_BUSY"), (0.9, "REUSED_AFTER_IDLE")])
def test_no_server_closes_after_less_than_a_second(tmp_path: Path, gap_s: float, clue: str) -> None:
    both = {"REUSED_WHILE_BUSY", "REUSED_AFTER_IDLE"}
    assert idle(tmp_path, gap_s, gap_s, gap_s) & both == {clue}


@pytest.mark.parametrize(("gap_s", "is_long"), [(179.0, False), (181.0, True)])
def test_nat_forgets_from_three_minutes_on(tmp_path: Path, gap_s: float, is_long: bool) -> None:
    assert ("LONG_IDLE" in idle(tmp_path, gap_s, gap_s + 1)) is is_long


def test_a_first_request_is_only_fresh_where_the_log_began_before_it(tmp_path: Path) -> None:
    early = written(tmp_path, served(0), istio(4, local="10.0.0.1:41000"))
    assert "FRESH_CONNECTION" not in clues_of(only(early))
    late = written(tmp_path, served(0), istio(6, local="10.0.0.1:41000"))
    assert "FRESH_CONNECTION" in clues_of(only(late))


def test_connections_that_break_at_one_age(tmp_path: Path) -> None:
    lines = []
    for number in range(6):
        local, start = f"10.0.0.1:{40000 + number}", 2.0 * number
        lines += [(start + 0.1 * step, served(start + 0.1 * step, local=local)) for step in range(10)]
        lines.append((start + 1.0, istio(start + 1.0, local=local)))
    seen = clues_of(only(written(tmp_path, *(line for _, line in sorted(lines)))))
    assert "AGES_AT_ONE_VALUE" in seen


def test_connections_that_break_together_have_no_age(tmp_path: Path) -> None:
    lines = [served(0.1 * step, local=f"10.0.0.1:{40000 + number}") for step in range(10) for number in range(6)]
    lines += [istio(1.0 + 0.01 * number, local=f"10.0.0.1:{40000 + number}") for number in range(6)]
    assert "AGES_AT_ONE_VALUE" not in clues_of(only(written(tmp_path, *lines)))


def moved(folder: Path, *, new_since_s: float) -> set[str]:
    """An address that fails from second 10 on, and another that serves since `new_since_s`."""
    lines = [(number * 1.0, served(number)) for number in range(10)]
    lines += [(10.0 + number, istio(10.0 + number, local=f"10.0.0.1:{42000 + number}")) for number in range(5)]
    lines += [
        (new_since_s + number, served(new_since_s + number, upstream="203.0.113.9:80", local="10.0.0.1:43000"))
        for number in range(20)
    ]
    return clues_of(only(written(folder, *(line for _, line in sorted(lines)))))


def test_a_new_address_that_serves_speaks_for_a_move(tmp_path: Path) -> None:
    assert "ADDRESS_LOST_OTHERS_SERVE" in moved(tmp_path, new_since_s=12.0)


def test_a_sibling_that_served_all_along_does_not(tmp_path: Path) -> None:
    seen = moved(tmp_path, new_since_s=2.0)
    assert "ADDRESS_LOST_SIBLINGS_SERVE" in seen
    assert "ADDRESS_LOST_OTHERS_SERVE" not in seen


@pytest.mark.parametrize(
    ("took_ms", "clue"),
    [
        (60_000, "ROUND_WAIT"),
        (60_400, "ROUND_WAIT"),
        (120_001, "ROUND_WAIT"),
        (44_456, "ODD_WAIT"),
        (59_000, "ODD_WAIT"),
    ],
)
def test_round_waits_are_time_outs(tmp_path: Path, took_ms: int, clue: str) -> None:
    seen = clues_of(only(written(tmp_path, istio(0, took_ms=took_ms))))
    assert seen & {"ROUND_WAIT", "ODD_WAIT"} == {clue}


def test_plain_text_to_a_tls_port(tmp_path: Path) -> None:
    through = istio(0, upstream="203.0.113.7:443", cluster="PassthroughCluster", route="allow_any")
    assert "PLAIN_TO_TLS_PORT" in clues_of(only(written(tmp_path, through)))
    assert "PLAIN_TO_TLS_PORT" not in clues_of(only(written(tmp_path, through.replace(":443", ":80"))))


@pytest.mark.parametrize(("received", "is_upload"), [((1 << 20) - 1, False), (1 << 20, True)])
def test_an_upload_is_a_mebibyte(tmp_path: Path, received: int, is_upload: bool) -> None:
    seen = clues_of(only(written(tmp_path, istio(0, received=received, request="POST /a HTTP/1.1"))))
    assert ("UPLOAD" in seen) is is_upload


def ended(folder: Path, *, cut: int) -> set[str]:
    """Eight users whose new connections are refused after `cut` of their old ones broke in use."""
    users = [f"10.0.0.1:{50000 + number}" for number in range(8)]
    lines = [served(0.1 * number, local=f"10.0.0.1:{40000 + number % 8}") for number in range(40)]
    lines += [istio(5 + 0.01 * number, user=users[number], local=f"10.0.0.1:{40000 + number}") for number in range(cut)]
    lines += [
        istio(6 + 0.1 * number, 503, "UF", "upstream_reset_before_response_started{remote_connection_failure}",
              failure="delayed_connect_error:_111", user=users[number % 8], local="-")
        for number in range(40)
    ]  # fmt: skip
    cases = cases_in(written(folder, *lines))
    return clues_of(next(case for case in cases if case.flag == "UF"))


@pytest.mark.parametrize(("cut", "clue"), [(0, "CLOSED_IN_PEACE"), (1, "CLOSED_IN_PEACE"), (8, "CUT_THEN_REFUSED")])
def test_how_old_connections_ended(tmp_path: Path, cut: int, clue: str) -> None:
    assert ended(tmp_path, cut=cut) & {"CLOSED_IN_PEACE", "CUT_THEN_REFUSED"} == {clue}
