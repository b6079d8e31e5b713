"""Flags, details, errno texts and bodies of many releases, and the symptom that each stands for."""

from __future__ import annotations

import pytest

from unstale.accesslog.reading import row_of
from unstale.accesslog.result import AppError, Place
from unstale.accesslog.row import Row
from unstale.diagnosis.body import body_reason, is_telling
from unstale.diagnosis.glossary import flags
from unstale.diagnosis.symptom import Symptom, is_from_next_hop, of_app, of_row

RESET = "upstream_reset_before_response_started"


def row(**fields: str) -> Row:
    """A row of the fields given; the others are absent."""
    return row_of(fields, line="", name="test")


@pytest.mark.parametrize(
    ("flags", "details", "symptom"),
    [
        ("UC", f"{RESET}{{connection_termination}}", Symptom.TERMINATION),
        ("UC", "-", Symptom.TERMINATION),
        ("UF,URX", f"{RESET}{{connection_failure,delayed_connect_error:_111}}", Symptom.REFUSED),
        ("URX,UF", f"{RESET}{{remote_connection_failure|delayed_connect_error:_Connection_refused}}", Symptom.REFUSED),
        ("UF", f"{RESET}{{remote_connection_failure|delayed_connect_error:_113}}", Symptom.UNREACHABLE),
        ("UF", f"{RESET}{{remote_connection_failure|delayed_connect_error:_No_route_to_host}}", Symptom.UNREACHABLE),
        ("UF", f"{RESET}{{connection_timeout}}", Symptom.CONNECT_TIMEOUT),
        ("UF", f"{RESET}{{connection failure}}", Symptom.CONNECT_FAILURE),
        ("UF", f"{RESET}{{remote_connection_failure|TLS_error:|268435581:SSL_routines}}", Symptom.TLS),
        ("UR", f"{RESET}{{remote_reset}}", Symptom.REMOTE_RESET),
        ("LR", f"{RESET}{{local reset}}", Symptom.LOCAL_RESET),
        ("UPE", "upstream_reset_after_response_started{protocol_error}", Symptom.PROTOCOL_ERROR),
        ("UPE", "http1.codec_error", Symptom.PROTOCOL_ERROR),
        ("DPE", "http1.codec_error", Symptom.DECIDED_HERE),
        ("UO", f"{RESET}{{overflow}}", Symptom.OVERFLOW),
        ("UH", "no_healthy_upstream", Symptom.NO_HEALTHY),
        ("NC", "cluster_not_found", Symptom.NO_ROUTE),
        ("NR", "route_not_found", Symptom.NO_ROUTE),
        ("NR", "filter_chain_not_found", Symptom.NO_CHAIN),
        ("UT", "response_timeout", Symptom.TIMEOUT),
        ("UT", "upstream_per_try_timeout", Symptom.TIMEOUT),
        ("SI", "stream_idle_timeout", Symptom.TIMEOUT),
        ("DF", "dns_resolution_failure{cares_norecords}", Symptom.DNS),
        ("DC", "downstream_remote_disconnect", Symptom.CLIENT_LEFT),
        ("DC", "downstream_local_disconnect(filter_chain_is_being_removed)", Symptom.DRAINING),
        ("URX", "via_upstream", Symptom.OWN_ERROR),
        ("-", "via_upstream", Symptom.OWN_ERROR),
        ("FI", "fault_filter_abort", Symptom.DECIDED_HERE),
    ],
)
def test_flags_and_details(flags: str, details: str, symptom: Symptom) -> None:
    assert of_row(row(status="503", flags=flags, details=details)) is symptom


@pytest.mark.parametrize(
    ("took_ms", "symptom"),
    [
        (0, Symptom.REFUSED),
        (2, Symptom.REFUSED),
        (3, Symptom.CONNECT_FAILURE),
        (899, Symptom.CONNECT_FAILURE),
        (900, Symptom.CONNECT_TIMEOUT),
        (10000, Symptom.CONNECT_TIMEOUT),
    ],
)
def test_a_bare_uf_is_told_by_how_long_it_took(took_ms: int, symptom: Symptom) -> None:
    assert of_row(row(status="503", flags="UF", duration_ms=str(took_ms))) is symptom


def test_a_bare_uf_without_a_duration_stays_open() -> None:
    assert of_row(row(status="503", flags="UF")) is Symptom.CONNECT_FAILURE


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "502", "flags": "-", "details": "direct_response", "route": "block_all"},
        {"status": "0", "flags": "UH", "details": "-", "cluster": "BlackHoleCluster"},
        {"status": "502", "flags": "-", "bytes_sent": "0", "duration_ms": "0"},
    ],
)
def test_black_holes_of_http_tls_and_old_releases(fields: dict[str, str]) -> None:
    assert of_row(row(**fields)) is Symptom.NO_ROUTE


def test_a_client_that_leaves_while_the_proxy_connects_waited_for_the_connection() -> None:
    fields = {"status": "0", "flags": "DC", "upstream_host": "203.0.113.7:80", "duration_ms": "5000", "bytes_sent": "0"}
    assert of_row(row(**fields, upstream_local_address="-")) is Symptom.CONNECT_TIMEOUT
    assert of_row(row(**fields, upstream_local_address="10.0.0.1:4000")) is Symptom.CLIENT_LEFT


@pytest.mark.parametrize(
    ("length", "reason"),
    [
        (95, "connection termination"),
        (118, "connection termination"),
        (91, "connection failure or connection timeout"),
        (98, "remote connection failure"),
        (87, "protocol error"),
        (81, "overflow"),
        (19, "no healthy upstream"),
        (24, "upstream request timeout"),
        (145, "connection refused"),
        (152, "connection refused"),
        (94, ""),
        (96, ""),
    ],
)
def test_lengths_of_envoys_bodies(length: int, reason: str) -> None:
    assert body_reason(length) == reason


def test_short_bodies_tell_less() -> None:
    assert is_telling(95)
    assert not is_telling(19)
    assert not is_telling(96)


def test_an_answer_with_envoys_length_was_made_one_hop_on() -> None:
    answer = row(status="503", flags="-", details="via_upstream", bytes_sent="95")
    assert is_from_next_hop(answer)
    assert of_row(answer) is Symptom.TERMINATION
    assert not is_from_next_hop(row(status="500", flags="-", details="via_upstream", bytes_sent="95"))
    assert not is_from_next_hop(row(status="503", flags="UC", details="-", bytes_sent="95"))


@pytest.mark.parametrize(
    ("kind", "reason", "transport", "symptom"),
    [
        ("envoy-body", "connection termination", "", Symptom.TERMINATION),
        ("envoy-body", "connection failure", "delayed connect error: 111", Symptom.REFUSED),
        ("envoy-body", "remote connection failure", "TLS_error:|268435581:SSL routines", Symptom.TLS),
        ("envoy-body", "", "", Symptom.BROKEN),
        ("envoy-body", "no_healthy_upstream", "", Symptom.NO_HEALTHY),
        ("exception", "closed_without_response", "", Symptom.TERMINATION),
        ("exception", "name_resolution", "", Symptom.DNS),
        ("exception", "read_timeout", "", Symptom.TIMEOUT),
        ("exception", "tls", "", Symptom.TLS),
        ("exception", "unavailable", "", Symptom.UNKNOWN),
    ],
)
def test_the_applications_words(kind: str, reason: str, transport: str, symptom: Symptom) -> None:
    error = AppError(place=Place(file="a", line=1), kind=kind, line="x", reason=reason, transport_failure=transport)
    assert of_app(error) is symptom


def test_every_flag_has_a_symptom_and_a_meaning() -> None:
    without = {"URX"}  # it says that there were tries, and nothing of why they failed
    for flag, (name, meaning) in flags().items():
        assert name and meaning.endswith((".", "503 itself."))
        if flag not in without:
            assert of_row(row(status="0", flags=flag)) is not Symptom.UNKNOWN, flag
