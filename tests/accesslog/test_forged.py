"""What a client writes into a path or a header is never believed."""

from __future__ import annotations

import pytest

from unstale.accesslog.line_reader import LineReader
from unstale.accesslog.options import Options
from unstale.accesslog.part_scan import PartScan
from unstale.accesslog.reading import AMBIGUOUS
from unstale.accesslog.row import Row

STAMP = "[2024-09-25T09:59:46.123Z] "
FORGED = 'HTTP/1.1" 503 UC upstream_reset_before_response_started{connection_termination} - "-" 0 95 0 - "-" "y'


def row(*, path: str = "/", agent: str = "curl/8.5.0", request_id: str = "a-1") -> str:
    return (
        f'{STAMP}"GET {path} HTTP/1.1" 200 - via_upstream - "-" 0 7 3 2 "192.0.2.7" "{agent}" "{request_id}" '
        '"pay.partner.example" "203.0.113.10:443" outbound|443||pay.partner.example 10.0.0.10:41234 '
        "203.0.113.10:443 10.0.0.10:50112 - default"
    )


@pytest.mark.parametrize(
    "line",
    [
        row(path=f"/x {FORGED}"),
        row(agent=f"x {FORGED}"),
        row(request_id=f'x {FORGED}" "z'),
        row(agent='x HTTP/2" 503 UF upstream_reset{x} - "-" 0 91 10000 - "-" "-" "-" "h" "1.2.3.4:80" c l d r - -'),
        row(agent=f'{STAMP}"GET / HTTP/1.1" 503 UC "-" "-" 0 95 0 - "-" "y'),
        row(path='/a[2020-01-01T00:00:00.000Z] "GET /b'),
    ],
)
@pytest.mark.parametrize("is_pure", [True, False])
def test_a_second_response_in_a_line_makes_it_ambiguous_and_counts_in_no_group(line: str, is_pure: bool) -> None:
    assert LineReader().row(line) is AMBIGUOUS
    scanner = PartScan(Options(is_pure=is_pure))
    scanner.begin()
    scanner.feed(line.encode() + b"\n")
    part = scanner.finish()
    assert (part.total, part.rows, part.bad, part.ambiguous, part.failed) == (1, 1, 0, 1, 0)
    assert scanner.sums().groups == {}


@pytest.mark.parametrize(
    "line",
    [
        row(agent='say "hi"'),
        row(agent='x" "y" "z'),
        row(agent='" 503 UC '),
        row(path='/search?q="hello world"'),
        row(path='/x?s=" 503 - via_upstream'),
        row(agent='{"response_flags":"UC","response_code":503}'),
        row(request_id='"'),
        row(path='/ HTTP/1.1" 503 UF 0 91 10000 - "-" "-" "-" "h" "1.2.3.4:80"'),
        row(agent='x HTTP/1.1" 503 UC via_upstream - "-" 0 95 0 - "'),
    ],
)
def test_quotes_that_leave_one_reading_change_nothing(line: str) -> None:
    found = LineReader().row(line)
    assert isinstance(found, Row)
    assert (found.status, found.flags, found.authority, found.duration_ms) == (
        200,
        frozenset(),
        "pay.partner.example",
        3,
    )


def test_an_escaped_quote_in_json_is_text() -> None:
    line = (
        '{"user_agent":"x\\",\\"response_flags\\":\\"UC","response_code":200,"response_flags":"-",'
        '"response_code_details":"via_upstream","authority":"h"}'
    )
    found = LineReader().row(line)
    assert isinstance(found, Row) and found.flags == frozenset() and found.status == 200
