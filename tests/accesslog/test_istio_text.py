"""Istio's default text format: real lines are read whole, forged and damaged ones are refused."""

from __future__ import annotations

import pytest

from unstale.accesslog.formats.istio_text import parse

# Recorded by the lab: rotation-sudden, policy none.
TERMINATED = (
    '[2026-11-25T12:50:01.123Z] "GET /orders/000421 HTTP/1.1" 503 UC '
    'upstream_reset_before_response_started{connection_termination} - "-" 0 95 1 - "-" "unstale-lab" "000421" '
    '"host1.yourdomain.com" "203.0.113.10:80" PassthroughCluster 10.0.0.10:40112 203.0.113.10:80 10.0.0.10:40100 '
    "- allow_any"
)
REFUSED = TERMINATED.replace(
    "503 UC upstream_reset_before_response_started{connection_termination}",
    "503 URX,UF upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_111}",
)


def test_reads_every_field_of_a_terminated_request() -> None:
    row = parse(TERMINATED)
    assert row is not None
    assert (row.method, row.path, row.status, row.flags) == ("GET", "/orders/000421", 503, frozenset({"UC"}))
    assert row.details == "upstream_reset_before_response_started{connection_termination}"
    assert (row.bytes_received, row.bytes_sent, row.duration_ms) == (0, 95, 1)
    assert (row.request_id, row.authority) == ("000421", "host1.yourdomain.com")
    assert (row.upstream_host, row.cluster, row.route) == ("203.0.113.10:80", "PassthroughCluster", "allow_any")
    assert row.label == "503 UC connection_termination"
    assert row.line == TERMINATED


def test_label_sorts_flags_and_leaves_errno_texts_out() -> None:
    row = parse(REFUSED)
    assert row is not None
    assert row.label == "503 UF,URX remote_connection_failure"


def test_absent_fields_are_empty() -> None:
    row = parse(TERMINATED.replace("503 UC upstream_reset_before_response_started{connection_termination}", "200 - -"))
    assert row is not None
    assert (row.flags, row.details, row.reason, row.label) == (frozenset(), "", "", "200")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "no log line at all",
        TERMINATED[1:],
        TERMINATED.removesuffix(" allow_any"),
        TERMINATED.replace("unstale-lab", 'HTTP/1.1" 200 - via_upstream - "-" 0 5 1 1 "-" "x'),
        TERMINATED.replace(" 0 95 1 - ", " 0 95 x - "),
        TERMINATED.replace("503 UC", "5031 UC"),
    ],
    ids=["empty", "prose", "lost bracket", "short tail", "forged by user agent", "word for number", "long status"],
)
def test_refuses_what_envoy_did_not_write(line: str) -> None:
    assert parse(line) is None
