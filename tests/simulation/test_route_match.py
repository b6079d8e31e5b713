from __future__ import annotations

from typing import Any

import pytest

from unstale.simulation.call import Request
from unstale.simulation.route_match import header_fits, mismatch

REQUEST = Request(
    method="GET",
    authority="api.example.com",
    path="/v1/Pay?page=2&page=3&flag#part",
    headers=(("x-tier", "gold"), ("x-number", "7"), ("x-empty", "")),
)


@pytest.mark.parametrize(
    ("match", "because"),
    [
        ({"prefix": "/v1"}, ""),
        ({"prefix": "/v1/pay"}, "path starts with /v1/pay"),
        ({"prefix": "/v1/pay", "case_sensitive": False}, ""),
        ({"path": "/v1/Pay"}, ""),
        ({"path": "/v1"}, "path is /v1"),
        ({"path_separated_prefix": "/v1"}, ""),
        ({"path_separated_prefix": "/v"}, "path starts with /v"),
        ({"safe_regex": {"regex": "/v[0-9]+/.*"}}, ""),
        ({"safe_regex": {"regex": "/v[0-9]+"}}, "path matches /v[0-9]+"),
        ({"safe_regex": {"regex": "("}}, "path matches ("),
        ({"prefix": "/", "query_parameters": [{"name": "page", "string_match": {"exact": "2"}}]}, ""),
        (
            {"prefix": "/", "query_parameters": [{"name": "page", "string_match": {"exact": "3"}}]},
            "query parameter page is 3",
        ),
        ({"prefix": "/", "query_parameters": [{"name": "flag", "present_match": True}]}, ""),
        ({"prefix": "/", "headers": [{"name": ":method", "string_match": {"exact": "GET"}}]}, ""),
        (
            {"prefix": "/", "headers": [{"name": "x-tier", "string_match": {"exact": "lead"}}]},
            "header x-tier is lead",
        ),
        ({"prefix": "/", "grpc": {}}, "the request is not gRPC"),
    ],
)
def test_what_does_not_fit_is_told_in_words(match: dict[str, Any], because: str) -> None:
    assert mismatch(match, REQUEST) == because


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        ({"name": "x-tier"}, True),
        ({"name": "x-none"}, False),
        ({"name": "x-none", "present_match": False}, True),
        ({"name": "x-tier", "present_match": True, "invert_match": True}, False),
        ({"name": "x-none", "present_match": True, "invert_match": True}, True),
        ({"name": "x-none", "string_match": {"exact": "a"}, "invert_match": True}, False),
        (
            {
                "name": "x-none",
                "string_match": {"exact": "a"},
                "invert_match": True,
                "treat_missing_header_as_empty": True,
            },
            True,
        ),
        ({"name": "x-tier", "string_match": {"prefix": "GO", "ignore_case": True}}, True),
        ({"name": "x-tier", "string_match": {"suffix": "ld"}}, True),
        ({"name": "x-tier", "string_match": {"contains": "ol"}, "invert_match": True}, False),
        ({"name": "x-tier", "exact_match": "gold"}, True),
        ({"name": "x-tier", "safe_regex_match": {"regex": "g.*"}}, True),
        ({"name": "x-number", "range_match": {"start": 7, "end": 8}}, True),
        ({"name": "x-number", "range_match": {"start": 8, "end": 9}}, False),
        ({"name": "x-tier", "range_match": {"start": 0, "end": 9}}, False),
        ({"name": ":scheme", "string_match": {"exact": "http"}}, True),
        ({"name": "x-forwarded-proto", "present_match": True}, True),
    ],
)
def test_headers(matcher: dict[str, Any], expected: bool) -> None:
    assert header_fits(matcher, REQUEST) is expected
