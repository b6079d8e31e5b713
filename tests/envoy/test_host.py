from __future__ import annotations

import pytest

from unstale.envoy.host import HostIndex, alternative_names, fqdn, is_subset_of, overlaps


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("db", "db.shop.svc.cluster.local"),
        ("Api.Example.com", "api.example.com"),
        ("*.example.com", "*.example.com"),
    ],
)
def test_short_names_are_services_of_the_namespace(host: str, expected: str) -> None:
    assert fqdn(host, "shop") == expected


@pytest.mark.parametrize(
    ("one", "other", "is_subset", "is_overlapping"),
    [
        ("a.example.com", "a.example.com", True, True),
        ("a.example.com", "*.example.com", True, True),
        ("*.example.com", "a.example.com", False, True),
        ("*.eu.example.com", "*.example.com", True, True),
        ("*.example.com", "*.eu.example.com", False, True),
        ("a.example.com", "*.example.org", False, False),
        ("example.com", "*.example.com", False, False),
    ],
)
def test_wildcards_contain_and_overlap(one: str, other: str, is_subset: bool, is_overlapping: bool) -> None:
    assert is_subset_of(one, other) is is_subset
    assert overlaps(one, other) is is_overlapping


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("x.eu.example.com", "*.eu.example.com"),
        ("x.us.example.com", "*.example.com"),
        ("eu.example.com", "eu.example.com"),
        ("*.eu.example.com", "*.eu.example.com"),
        ("*.a.eu.example.com", "*.eu.example.com"),
        ("*.example.net", None),
        ("example.com", None),
    ],
)
def test_the_closest_pattern_wins(host: str, expected: str | None) -> None:
    index: HostIndex[str] = HostIndex()
    for pattern in ("*.example.com", "eu.example.com", "*.eu.example.com"):
        index.setdefault(pattern, pattern)
    assert index.most_specific(host) == expected


def test_the_first_value_of_a_pattern_stays() -> None:
    index: HostIndex[int] = HostIndex()
    assert [index.setdefault("*.a", 1), index.setdefault("*.a", 2), index.most_specific("x.a")] == [1, 1, 1]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("db.shop.svc.cluster.local", ["db", "db.shop", "db.shop.svc"]),
        ("db.depot.svc.cluster.local", ["db.depot", "db.depot.svc"]),
        ("db.svc.cluster.local", []),
        ("db.shop.svc.other.local", []),
        ("db.example.com", []),
    ],
)
def test_services_of_the_cluster_have_short_names(host: str, expected: list[str]) -> None:  # RT-2
    assert alternative_names(host, "shop.svc.cluster.local") == expected
