from __future__ import annotations

from typing import Any

import pytest

from unstale.comparison.difference import ABSENT, differences


def shown(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(one.path, one.before, one.after) for one in differences(before, after)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": "0.100s"}, {"a": "0.1s"}),
        ({"a": "2.0s"}, {"a": "2s"}),
        ({"a": 1}, {"a": 1.0}),
        ({"domains": ["a", "b"]}, {"domains": ["b", "a"]}),
        ({"access_log": [1]}, {}),
        ({"filters": [{"name": "istio.stats"}, {"name": "x"}]}, {"filters": [{"name": "x"}]}),
    ],
)
def test_what_means_the_same_is_no_difference(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert shown(before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [("a.b", 1, 2)]),
        ({"a": 1}, {}, [("a", 1, ABSENT)]),
        ({}, {"a": {}}, [("a", ABSENT, {})]),
        ({"a": False}, {"a": 0}, [("a", False, 0)]),
        ({"a": [1, 2]}, {"a": [1]}, [("a[1]", 2, ABSENT)]),
        ({"domains": ["a"]}, {"domains": ["a", "b"]}, [("domains", ["a"], ["a", "b"])]),
    ],
)
def test_a_difference_names_its_place(before: dict[str, Any], after: dict[str, Any], expected: Any) -> None:
    assert shown(before, after) == expected


def test_an_inserted_route_is_one_difference() -> None:
    routes = [{"name": name, "match": {"prefix": f"/{name}"}, "route": {"timeout": "1s"}} for name in "abc"]
    inserted = [routes[0], {"name": "new", "match": {"prefix": "/new"}}, *routes[1:]]
    assert shown({"routes": routes}, {"routes": inserted}) == [("routes[1]", ABSENT, inserted[1])]


def test_a_changed_route_differs_where_it_changed() -> None:
    before = [{"match": {"prefix": "/"}, "route": {"timeout": "1s"}}]
    after = [{"match": {"prefix": "/"}, "route": {"timeout": "2s"}}]
    assert shown({"routes": before}, {"routes": after}) == [("routes[0].route.timeout", "1s", "2s")]
