from __future__ import annotations

from unstale.envoy.resource import Resource, Resources
from unstale.model.origin import Origin
from unstale.sidecar.blame import blamed
from unstale.sidecar.outcome import Rejected
from unstale.sidecar.xds.snapshot import CLUSTER, ROUTE

A = Origin(file="a.yaml", line=3, column=1)
B = Origin(file="b.yaml", line=5, column=9)
HOSTS = {"virtual_hosts": [{"name": "a.example.com:80"}, {"name": "b.example.com:80"}]}
PARTS = {"a.example.com:80": (A,), "b.example.com:80": (B,), "outbound|80||b.example.com": (B,)}
RESOURCES = Resources(
    clusters=(Resource(name="c", value={}, origins=(A,)), Resource(name="d", value={}, origins=(A, B))),
    routes=(Resource(name="80", value=HOSTS, origins=(A, B), parts=PARTS),),
)


def test_a_named_resource_points_at_its_manifests() -> None:
    assert blamed(RESOURCES, CLUSTER, ["c"], "bad") == (A,)


def test_several_resources_point_at_each_place_once() -> None:
    assert blamed(RESOURCES, CLUSTER, ["c", "d"], "bad") == (A, B)


def test_a_virtual_host_by_number_points_at_its_own_manifest() -> None:
    reason = "failed (RouteConfigurationValidationError.VirtualHosts[1]: embedded message failed validation)"
    assert blamed(RESOURCES, ROUTE, ["80"], reason) == (B,)


def test_a_number_beyond_the_virtual_hosts_points_at_all() -> None:
    assert blamed(RESOURCES, ROUTE, ["80"], "RouteConfigurationValidationError.VirtualHosts[2]") == (A, B)


def test_a_part_named_in_the_reason_points_at_its_manifest() -> None:
    assert blamed(RESOURCES, ROUTE, ["80"], "unknown cluster 'outbound|80||b.example.com'") == (B,)


def test_what_no_manifest_made_points_nowhere() -> None:
    assert blamed(RESOURCES, CLUSTER, ["PassthroughCluster"], "bad") == ()
    assert blamed(RESOURCES, "type.googleapis.com/x.Secret", ["x"], "bad") == ()


def test_a_rejection_reads_as_one_sentence_at_its_first_place() -> None:
    rejected = Rejected(reason="no action", noun="route", resources=("80",), origins=(A, B))
    assert str(rejected) == ("a.yaml:3:1: Envoy refuses the route 80 (no action). It was made from b.yaml:5:9 too.")
    assert str(Rejected(reason="x", noun="cluster", resources=("c",))) == "Envoy refuses the cluster c (x)."


def test_a_rejection_that_is_about_nothing_in_particular_names_none() -> None:
    assert str(Rejected(reason="not in force after 3 s", noun="configuration")) == (
        "Envoy refuses the configuration (not in force after 3 s)."
    )
