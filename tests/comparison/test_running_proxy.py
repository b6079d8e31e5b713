"""A proxy's dump beside manifests; that a real Envoy dumps what was compiled is tested with the simulation."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from unstale.comparison.config_dump import read_config_dump
from unstale.comparison.running_proxy import compare_with_proxy, configs_of
from unstale.envoy.inputs import Setting, compile_sources
from unstale.envoy.resource import Resources
from unstale.istio.source import Source
from unstale.model.errors import InputError

ENTRY = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: NAME}
spec:
  hosts: [NAME.example.com]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP}, {number: 443, name: tls, protocol: TLS}]
  endpoints: [{address: 192.0.2.1}]
"""
RULE = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api}
spec:
  host: api.example.com
  trafficPolicy: {connectionPool: {tcp: {connectTimeout: 1s}}}
"""
PACKAGE = "type.googleapis.com/envoy.admin.v3"


def compiled(*texts: str) -> Resources:
    return compile_sources((Source(name="a.yaml", text="---\n".join(texts)),), Setting()).resources


def dump_of(resources: Resources) -> dict[str, Any]:
    """In the form of Envoy's /config_dump."""
    values = copy.deepcopy(resources.as_json())
    return {
        "configs": [
            {"@type": f"{PACKAGE}.BootstrapConfigDump", "bootstrap": {}},
            {
                "@type": f"{PACKAGE}.ClustersConfigDump",
                "dynamic_active_clusters": [
                    {"version_info": "1", "cluster": {"@type": "x", **one}} for one in values["clusters"]
                ],
            },
            {
                "@type": f"{PACKAGE}.ListenersConfigDump",
                "dynamic_listeners": [
                    {"name": one["name"], "active_state": {"listener": one}} for one in values["listeners"]
                ],
            },
            {
                "@type": f"{PACKAGE}.RoutesConfigDump",
                "dynamic_route_configs": [{"route_config": one} for one in values["routes"]],
            },
            {
                "@type": f"{PACKAGE}.EndpointsConfigDump",
                "dynamic_endpoint_configs": [{"endpoint_config": one} for one in values["endpoints"]],
            },
        ]
    }


def compare(ours: Resources, dump: dict[str, Any]) -> Any:
    return compare_with_proxy(ours, read_config_dump(json.dumps(dump), source="dump.json"))


def test_the_same_differs_in_nothing() -> None:
    ours = compiled(ENTRY.replace("NAME", "api"), RULE)
    assert compare(ours, dump_of(ours)).changes == ()
    assert compare_with_proxy(ours, read_config_dump(json.dumps(ours.as_json()), source="own.json")).changes == ()


def test_a_rule_that_is_not_in_force_shows_where_it_would() -> None:
    ours = compiled(ENTRY.replace("NAME", "api"), RULE)
    found = compare(ours, dump_of(compiled(ENTRY.replace("NAME", "api"))))
    assert [(change.piece.name, one.path) for change in found.changes for one in change.differences] == [
        ("outbound|80||api.example.com", "connect_timeout"),
        ("outbound|80||api.example.com", "metadata.filter_metadata.istio.config"),
        ("outbound|443||api.example.com", "connect_timeout"),
        ("outbound|443||api.example.com", "metadata.filter_metadata.istio.config"),
    ]


def test_an_object_that_only_the_cluster_has_is_named() -> None:
    ours = compiled(ENTRY.replace("NAME", "api"))
    found = compare(ours, dump_of(compiled(ENTRY.replace("NAME", "api"), RULE)))
    assert configs_of(found.changes[0].before) == ("destination-rule default/api",)


def test_other_hosts_are_left_out_and_counted() -> None:
    ours = compiled(ENTRY.replace("NAME", "api"))
    found = compare(ours, dump_of(compiled(ENTRY.replace("NAME", "api"), ENTRY.replace("NAME", "b"))))
    assert found.changes == ()
    assert found.left_out == {"filter chain": 1, "virtual host": 1, "cluster": 2, "endpoints": 2}


def test_a_host_that_the_proxy_does_not_have_is_told() -> None:
    ours = compiled(ENTRY.replace("NAME", "api"), ENTRY.replace("NAME", "b"))
    found = compare(ours, dump_of(compiled(ENTRY.replace("NAME", "api"))))
    assert {change.piece.host for change in found.changes} == {"b.example.com"}
    assert all(change.is_new for change in found.changes)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"configs": []}', '{"clusters": []}', '{"configs": [1]}'])
def test_what_is_no_dump_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"dump.json: .*istioctl proxy-config all"):
        read_config_dump(text, source="dump.json")
