from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from unstale.envoy.endpoint import Endpoint
from unstale.envoy.locality import Group, Preference, matches
from unstale.envoy.protocol import Protocol
from unstale.envoy.proxy import Proxy
from unstale.envoy.service import Port
from unstale.envoy.topology import NETWORK, with_topology
from unstale.istio.destination_rule import (
    LocalityDistribute,
    LocalityFailover,
    LocalityLoadBalancerSetting,
    ZoneAwareLbSetting,
)

PORT = Port(number=80, name="http", protocol=Protocol.HTTP, target=None)
PLACES = ("eu/eu-1/a", "eu/eu-1/b", "eu/eu-2/a", "us/us-1/a", "ap/ap-1/a")


def group(locality: str, *labels: Mapping[str, str], weight: int = 1) -> Group:
    endpoints = tuple(
        Endpoint(
            address=f"192.0.2.{number}",
            port=80,
            service_port=PORT,
            labels=with_topology(own, locality=locality, network=own.get(NETWORK, "")),
        )
        for number, own in enumerate(labels or ({},))
    )
    return Group(locality=locality, endpoints=endpoints, weight=weight)


def ranks(preference: Preference, groups: list[Group], pod: Proxy, *, has_outlier_detection: bool = True) -> list[int]:
    arranged = preference.arrange(groups, pod.with_topology(), has_outlier_detection=has_outlier_detection)
    return [one.priority for one in arranged]


POD = Proxy(locality="eu/eu-1/a", labels={"rack": "r1", NETWORK: "net-a"})


def by(**fields: Any) -> Preference:
    return Preference(locality=LocalityLoadBalancerSetting(**fields))


@pytest.mark.parametrize(
    ("preference", "expected"),
    [
        (by(), [0, 1, 2, 3, 3]),
        (by(failover=(LocalityFailover(from_="eu", to="ap"),)), [0, 1, 2, 4, 3]),
        (by(failover=(LocalityFailover(from_="us", to="ap"),)), [0, 1, 2, 3, 3]),
        (by(failover_priority=("topology.kubernetes.io/region", "topology.kubernetes.io/zone")), [0, 0, 1, 2, 2]),
        (by(failover_priority=("topology.kubernetes.io/region=us",)), [1, 1, 1, 0, 1]),
        (Preference(zones=ZoneAwareLbSetting()), [0, 0, 0, 1, 1]),
        (Preference(zones=ZoneAwareLbSetting(failover=(LocalityFailover(from_="eu", to="ap"),))), [0, 0, 0, 2, 1]),
        (Preference(zones=ZoneAwareLbSetting(enabled=False)), [0, 0, 0, 0, 0]),
        (Preference(), [0, 0, 0, 0, 0]),
    ],
)
def test_the_nearest_endpoints_are_asked_first(preference: Preference, expected: list[int]) -> None:
    assert ranks(preference, [group(place) for place in PLACES], POD) == expected


def test_without_outlier_detection_nothing_is_ranked_unless_an_annotation_asks_for_it() -> None:
    groups = [group(place) for place in PLACES]
    labels = LocalityLoadBalancerSetting(failover_priority=("topology.kubernetes.io/region",))
    assert ranks(Preference(locality=labels), groups, POD, has_outlier_detection=False) == [0] * 5
    forced = Preference(locality=labels, is_forced=True)
    assert ranks(forced, groups, POD, has_outlier_detection=False) == [0, 0, 0, 1, 1]


def test_one_locality_falls_apart_by_label_and_another_network_comes_last() -> None:
    groups = [
        group(
            "eu", {NETWORK: "net-b", "rack": "r1"}, {NETWORK: "net-a", "rack": "r2"}, {NETWORK: "net-a", "rack": "r1"}
        )
    ]
    arranged = by(failover_priority=(NETWORK, "rack")).arrange(groups, POD, has_outlier_detection=True)
    assert [[one.address for one in part.endpoints] for part in arranged] == [
        ["192.0.2.2"],
        ["192.0.2.1"],
        ["192.0.2.0"],
    ]
    assert [part.priority for part in arranged] == [0, 1, 2]


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ({"eu/eu-1/*": 70, "us": 30}, [(18, 1), (53, 1), (1, 0), (30, 1), (1, 0)]),
        ({"*": 100}, [(15, 1), (43, 1), (15, 1), (15, 1), (15, 1)]),
    ],
)
def test_shares_are_divided_by_weight_and_rounded_up(
    shares: Mapping[str, int], expected: list[tuple[int, int]]
) -> None:
    groups = [group(place, weight=3 if place.endswith("b") else 1) for place in PLACES]
    preference = by(distribute=(LocalityDistribute(from_="eu/*", to=shares),))
    arranged = preference.arrange(groups, POD, has_outlier_detection=False)
    assert [(one.weight, len(one.endpoints)) for one in arranged] == expected


@pytest.mark.parametrize(
    ("locality", "pattern", "expected"),
    [
        ("eu/eu-1/a", "*", True),
        ("eu/eu-1/a", "eu/*", True),
        ("eu/eu-1/a", "eu", True),
        ("eu/eu-1/a", "eu/eu-1/b", False),
        ("eu", "eu/eu-1", False),
        ("", "eu", False),
        ("", "*", True),
    ],
)
def test_an_absent_part_of_a_pattern_stands_for_all(locality: str, pattern: str, expected: bool) -> None:
    assert matches(locality, pattern) is expected
