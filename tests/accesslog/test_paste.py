"""Rows that went through terminals, chats, tables and editors on their way here; all lines are invented."""

from __future__ import annotations

import pytest

from unstale.accesslog.options import Options
from unstale.accesslog.small_scan import scan_small

HEAD = '[2024-09-25T09:59:46.123Z] "GET /v1 HTTP/1.1" 503 UC upstream_reset_before_response_started'
BODY = '{connection_termination} - "-" 0 95 0 - "-" "curl/8.5.0" "a-1" "pay.partner.example" "203.0.113.10:443"'
TAIL = "outbound|443||pay.partner.example 10.0.0.10:41234 203.0.113.10:443 10.0.0.10:50112 - default"
WHOLE = f"{HEAD}{BODY} {TAIL}"
PRETTY = """{
  "response_code": "503",
  "response_flags": "UC",
  "response_code_details": "upstream_reset_before_response_started{connection_termination}",
  "authority": "pay.partner.example",
  "upstream_host": "203.0.113.10:443"
}"""


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        f"433:{WHOLE}",
        f"access.log:433:{WHOLE}",
        f"pod-x istio-proxy {WHOLE}",
        f"[pod/pod-x/istio-proxy] {WHOLE}",
        f"envoy-1  | {WHOLE}",
        f"2024-09-25T09:59:46.123456789Z stdout F {WHOLE}",
        f"{HEAD}{BODY}\n{TAIL}",
        WHOLE.replace(' "curl', '\n"curl').replace(" 10.0.0.10:41234", "\n10.0.0.10:41234"),
        WHOLE.replace('"', "”").replace("”GET", "“GET"),
        WHOLE.replace(" 503 UC", "  503  UC"),
        f"| {WHOLE.replace('|', chr(92) + '|')} |",
        WHOLE[WHOLE.index('"GET') :],
        WHOLE[1:],
        WHOLE.replace("203.0.113.10:443 10.0.0.10:50112", "X.X.X.X:443 REDACTED"),
        PRETTY,
        PRETTY[1:],
        PRETTY.replace("\n", "").replace(" ", ""),
        f"Hello,\n\nour gateway logs this:\n\n{WHOLE}\n\nWhat is it?",
    ],
)
def test_row_is_read_whole(text: str) -> None:
    part = scan_small(text.encode(), Options())
    assert part.rows == 1, part.first_unread
    row = part.kept[0].row
    assert (row.status, row.flags, row.reason) == (503, frozenset({"UC"}), "connection_termination")
    assert (row.authority, row.upstream_host) == ("pay.partner.example", "203.0.113.10:443")
    assert part.rows + part.bad == part.total == len(text.split("\n"))


@pytest.mark.parametrize(
    ("text", "label", "absent"),
    [
        (
            '503 UF,URX "-" "TLS error: 268435703:WRONG_VERSION_NUMBER"',
            "503 UF,URX",
            {"details", "duration_ms", "time"},
        ),
        ("503 UR upstream_reset_before_response_started{remote_reset}", "503 UR remote_reset", {"time", "authority"}),
        ("503 upstream_reset_before_response_started{connection_termination}", "503 connection_termination", {"flags"}),
        ('response_code_details:\n"upstream_reset_before_response_started{overflow}"', "0 overflow", {"status"}),
        ('"GET / HTTP/2" 504 UT response_timeout ... "pay.partner.example" ...', "504 UT response_timeout", {"time"}),
    ],
)
def test_fragment_says_what_it_lacks(text: str, label: str, absent: set[str]) -> None:
    part = scan_small(text.encode(), Options())
    assert [kept.row.label for kept in part.kept] in ([label], [])
    rows = part.small_rows
    assert [row.label for row in rows] == [label]
    assert absent <= rows[0].absent


def test_what_stands_behind_dots_is_taken_by_its_shape_only() -> None:
    text = (
        '"GET / HTTP/2" 503 UF upstream_reset_before_response_started{remote_connection_failure} ... "api.example.com" '
        '"203.0.113.9:443" outbound|443||api.example.com ...'
    )
    row = scan_small(text.encode(), Options()).kept[0].row
    assert (row.authority, row.upstream_host, row.cluster) == (
        "api.example.com",
        "203.0.113.9:443",
        "outbound|443||api.example.com",
    )
    assert {"duration_ms", "bytes_sent", "time"} <= row.absent


@pytest.mark.parametrize("text", ["all is well", "HTTP 503 somewhere", '{"status":503,"path":"/"}', "", "\n\n"])
def test_other_text_is_no_row(text: str) -> None:
    part = scan_small(text.encode(), Options())
    assert part.rows == 0
    assert part.bad == part.total


def test_failing_row_wrapped_in_collectors_json() -> None:
    wrapped = '{"log":' + __import__("json").dumps(WHOLE + "\n") + ',"stream":"stdout"}'
    assert [kept.row.label for kept in scan_small(wrapped.encode(), Options()).kept] == [
        "503 UC connection_termination"
    ]
