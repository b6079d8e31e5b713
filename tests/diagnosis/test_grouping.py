"""Which rows and errors make one finding, in which order findings are told, and what is normal."""

from __future__ import annotations

from pathlib import Path

import pytest
from diagnosing import cases_in, findings_of, istio, served, written

from unstale.diagnosis.cause import STALE, Cause
from unstale.diagnosis.symptom import Symptom

BODY = "upstream connect error or disconnect/reset before headers. reset reason: connection termination"


def test_one_finding_a_host_and_flag_whatever_the_flags_order(tmp_path: Path) -> None:
    lines = [istio(0, flags="UF,URX"), istio(1, flags="URX,UF"), istio(2), istio(3, host="api.example.com:80")]
    assert sorted((case.flag, case.count) for case in cases_in(written(tmp_path, *lines))) == [("UC", 2), ("UF,URX", 2)]


def test_the_count_is_of_all_rows_not_of_those_kept(tmp_path: Path) -> None:
    (case,) = cases_in(written(tmp_path, *(istio(0.01 * number) for number in range(500))))
    assert case.count == 500
    assert len(case.failures) < 500


def test_a_row_and_the_body_that_the_application_received_are_one_finding(tmp_path: Path) -> None:
    (case,) = cases_in(written(tmp_path, istio(0), f"ERROR calling partner: 503 {BODY}"))
    assert (case.count, len(case.apps)) == (1, 1)


def test_the_body_alone_is_a_finding(tmp_path: Path) -> None:
    (case,) = cases_in(written(tmp_path, f"ERROR calling partner: 503 {BODY}"))
    assert (case.flag, case.symptom, case.failures) == ("UC", Symptom.TERMINATION, ())


def test_what_began_it_is_told_before_what_followed(tmp_path: Path) -> None:
    lines = [istio(0, 500, "-", "via_upstream", sent=20)]
    lines += [istio(1 + number, 503, "UH", "no_healthy_upstream", sent=19, upstream="-") for number in range(3)]
    found = findings_of(written(tmp_path, *lines, istio(9)))
    assert [one.flag for one in found] == ["UC", "UH", "-"]


@pytest.mark.parametrize(("leaving", "took_ms", "is_told"), [(1, 80, False), (30, 80, True), (1, 9000, True)])
def test_clients_that_leave_now_and_then_are_normal(tmp_path: Path, leaving: int, took_ms: int, is_told: bool) -> None:
    lines = [served(0.05 * number) for number in range(200)]
    lines += [
        istio(11 + number, 0, "DC", "downstream_remote_disconnect", sent=0, took_ms=took_ms)
        for number in range(leaving)
    ]
    assert bool(cases_in(written(tmp_path, *lines))) is is_told


def test_the_hop_behind_knows_that_the_application_answered(tmp_path: Path) -> None:
    outer = istio(0, 200, "UH", "no_healthy_upstream", sent=0, ident="same", local="10.0.0.1:46440")
    inner = istio(0.1, 503, "-", "via_upstream", sent=33, ident="same", cluster="inbound|80||", user="10.0.0.1:46440")
    found = findings_of(written(tmp_path, outer, inner))
    assert {one.top.cause for one in found} == {Cause.UPSTREAM_OWN_5XX}


def test_the_articles_log_is_diagnosed_from_the_applications_side_alone(tmp_path: Path) -> None:
    line = (
        f'"message":"API returned status: 503, body: {BODY}, header:map[Content-Length:[95] '
        'Content-Type:[text/plain] Date:[Thu, 02 Jan 2025 03:00:00 GMT] Server:[envoy]"'
    )
    (found,) = findings_of(written(tmp_path, line))
    assert found.top.cause is Cause.LB_IP_CHANGED
    assert {one.cause for one in found.suspects[:3]} == STALE
    assert found.top.probability < 0.5
    assert found.is_single
    assert found.would_settle[0].startswith("the whole log")


def test_a_single_line_is_never_sure(tmp_path: Path) -> None:
    (found,) = findings_of(written(tmp_path, istio(0)))
    assert found.top.probability < 0.6
    assert len(found.suspects) > 8
