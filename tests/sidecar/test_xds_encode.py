from __future__ import annotations

from typing import Any

import pytest
from loopback import HCM

from unstale.envoy.resource import Resource, Resources
from unstale.sidecar.xds.encode import EncodeError, Encoder, encode_one
from unstale.sidecar.xds.snapshot import CLUSTER, ENDPOINT, LISTENER, ROUTE

PASSTHROUGH = {"name": "PassthroughCluster", "type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED"}


def resource(value: dict[str, Any]) -> Resource:
    return Resource(name=value["name"], value=value)


def http_listener(name: str, route: str) -> dict[str, Any]:
    manager = {
        "@type": HCM,
        "stat_prefix": name,
        "rds": {"route_config_name": route, "config_source": {"ads": {}}},
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    return {
        "name": name,
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": 80}},
        "filter_chains": [chain, chain],
    }


def test_equal_json_gives_equal_bytes_whatever_the_order_of_its_keys() -> None:
    turned = dict(reversed(PASSTHROUGH.items()))
    assert encode_one(CLUSTER, resource(PASSTHROUGH)) == encode_one(CLUSTER, resource(turned))


def test_a_snapshot_has_every_kind_by_name() -> None:
    snapshot = Encoder().encode(
        Resources(
            clusters=(resource(PASSTHROUGH),),
            endpoints=(Resource(name="s", value={"cluster_name": "s"}),),
            listeners=(resource(http_listener("0.0.0.0_80", "80")),),
            routes=(resource({"name": "80"}),),
        )
    )
    assert {kind: list(entries) for kind, entries in snapshot.entries.items()} == {
        CLUSTER: ["PassthroughCluster"],
        ENDPOINT: ["s"],
        LISTENER: ["0.0.0.0_80"],
        ROUTE: ["80"],
    }


def test_a_listener_needs_each_of_its_routes_once() -> None:
    snapshot = Encoder().encode(Resources(listeners=(resource(http_listener("0.0.0.0_80", "80")),)))
    assert snapshot.needed(ROUTE) == {"80"}
    assert snapshot.of(LISTENER)["0.0.0.0_80"].needs == ("80",)


@pytest.mark.parametrize(
    ("config", "needed"),
    [({}, "s"), ({"service_name": "other"}, "other")],
    ids=["by its own name", "by a service name"],
)
def test_an_eds_cluster_needs_its_endpoints(config: dict[str, Any], needed: str) -> None:
    cluster = {"name": "s", "type": "EDS", "eds_cluster_config": {"eds_config": {"ads": {}}, **config}}
    assert Encoder().encode(Resources(clusters=(resource(cluster),))).needed(ENDPOINT) == {needed}


def test_an_unchanged_resource_is_not_encoded_again() -> None:
    encoder = Encoder()
    first = encoder.encode(Resources(clusters=(resource(PASSTHROUGH),)))
    second = encoder.encode(Resources(clusters=(resource(dict(PASSTHROUGH)),)))
    assert second.of(CLUSTER)["PassthroughCluster"].body is first.of(CLUSTER)["PassthroughCluster"].body


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"name": "c", "colour": "red"}, "colour"),
        ({"name": "c", "connect_timeout": "soon"}, "connect_timeout"),
        (
            {"name": "c", "circuit_breakers": {"thresholds": [{"retry_budget": {"budget_interval": "soon"}}]}},
            "soon|Duration",
        ),
        (
            {
                "name": "c",
                "transport_socket": {"name": "t", "typed_config": {"@type": "x.googleapis.com/no.such.Type"}},
            },
            "unknown message type",
        ),
    ],
    ids=["unknown field", "bad value", "bad value of a newer field", "unknown type"],
)
def test_what_is_no_message_is_an_error_that_names_the_resource(value: dict[str, Any], reason: str) -> None:
    with pytest.raises(EncodeError, match=reason) as caught:
        encode_one(CLUSTER, resource(value))
    assert str(caught.value).startswith("cluster c: ")
    assert caught.value.resource.name == "c"


def test_a_field_that_the_message_classes_do_not_know_is_appended_under_its_number() -> None:
    plain = {"name": "c", "circuit_breakers": {"thresholds": [{"retry_budget": {}}]}}
    newer = {"name": "c", "circuit_breakers": {"thresholds": [{"retry_budget": {"budget_interval": "10s"}}]}}
    assert encode_one(CLUSTER, resource(newer)).endswith(b"\x1a\x02\x08\x0a")
    assert encode_one(CLUSTER, resource(newer)) != encode_one(CLUSTER, resource(plain))
    assert newer["circuit_breakers"] == {"thresholds": [{"retry_budget": {"budget_interval": "10s"}}]}
