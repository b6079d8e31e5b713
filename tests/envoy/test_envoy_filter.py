from __future__ import annotations

from typing import Any

import pytest
from scoped import compiled, names, value, warnings

from unstale.envoy.compile import Compiled
from unstale.envoy.resource import Kind

WEB = """
kind: ServiceEntry
metadata: {name: web}
spec:
  hosts: [a.example.com, b.example.com]
  ports:
  - {number: 80, name: http, protocol: HTTP}
  - {number: 443, name: tls, protocol: TLS}
  resolution: DNS
"""
ROUTES = """
kind: VirtualService
metadata: {name: web}
spec:
  hosts: [a.example.com]
  http:
  - name: old
    match: [{uri: {prefix: /old}}]
    redirect: {uri: /new}
  - name: rest
    route: [{destination: {host: a.example.com}}]
"""
MANAGER = "envoy.filters.network.http_connection_manager"
TCP_PROXY = "envoy.filters.network.tcp_proxy"
TYPES = "type.googleapis.com/envoy.extensions.filters"


def envoy_filter(*patches: str, name: str = "patches") -> str:
    lines = "\n".join(f"  - {patch}" for patch in patches)
    return f"kind: EnvoyFilter\nmetadata: {{name: {name}}}\nspec:\n  configPatches:\n{lines}"


def patch(apply_to: str, operation: str, match: str = "", content: str = "{}") -> str:
    what = f"{{operation: {operation}, value: {content}}}" if operation != "REMOVE" else "{operation: REMOVE}"
    return f"{{applyTo: {apply_to}, match: {{context: SIDECAR_OUTBOUND, {match}}}, patch: {what}}}"


def web(*patches: str) -> Compiled:
    return compiled(WEB, ROUTES, envoy_filter(*patches))


def cluster(result: Compiled, host: str = "a.example.com", port: int = 80) -> dict[str, Any]:
    return value(result, Kind.CLUSTER, f"outbound|{port}||{host}")


def http_filters(result: Compiled, listener: str = "0.0.0.0_80") -> list[str]:
    chain = value(result, Kind.LISTENER, listener)["filter_chains"][0]
    return [one["name"] for one in chain["filters"][-1]["typed_config"]["http_filters"]]


def routes(result: Compiled, host: str = "a.example.com:80") -> list[str]:
    found = {one["name"]: one for one in value(result, Kind.ROUTE, "80")["virtual_hosts"]}
    return [route.get("name", "") for route in found[host].get("routes", [])]


def test_a_cluster_is_found_by_its_parts_and_all_of_them() -> None:
    result = web(patch("CLUSTER", "MERGE", "cluster: {service: a.example.com, portNumber: 80}", "{dns_jitter: 3s}"))
    assert cluster(result)["dns_jitter"] == "3s"
    assert cluster(result, port=443)["dns_jitter"] == cluster(result, "b.example.com")["dns_jitter"] == "0.100s"


def test_no_match_is_every_cluster_the_mesh_s_own_included() -> None:
    result = web(patch("CLUSTER", "MERGE", "", "{connect_timeout: 7s}"))
    timeouts = {resource.value["connect_timeout"] for resource in result.resources.clusters}
    assert timeouts == {"7s"} and "BlackHoleCluster" in names(result, Kind.CLUSTER)


def test_a_name_overrules_the_rest_of_a_cluster_match() -> None:
    result = web(
        patch("CLUSTER", "MERGE", "cluster: {name: outbound|80||a.example.com, portNumber: 9}", "{dns_jitter: 3s}")
    )
    assert cluster(result)["dns_jitter"] == "3s"


def test_a_renamed_cluster_is_found_by_its_new_name() -> None:
    result = web(
        patch("CLUSTER", "MERGE", "cluster: {name: outbound|80||a.example.com}", "{name: mine}"),
        patch("CLUSTER", "MERGE", "cluster: {name: mine}", "{dns_jitter: 3s}"),
    )
    assert value(result, Kind.CLUSTER, "mine")["dns_jitter"] == "3s"


def test_inserts_of_clusters_add_and_a_second_name_is_dropped_and_told() -> None:
    result = web(
        patch("CLUSTER", "INSERT_FIRST", "", "{name: mine, type: STATIC}"),
        patch("CLUSTER", "ADD", "", "{name: mine, type: EDS}"),
    )
    assert value(result, Kind.CLUSTER, "mine") == {"name": "mine", "type": "STATIC"}
    told = result.warnings[-1]
    first = f"a.yaml:{told.origin.line - 1}:{told.origin.column}"
    assert told.what == f"there already is a cluster of that name (mine), made at {first}"


def test_a_removed_cluster_takes_its_endpoints_with_it() -> None:
    entry = """
kind: ServiceEntry
metadata: {name: fixed}
spec:
  hosts: [fixed.example.com]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 192.0.2.1}]
"""
    assert names(compiled(entry), Kind.ENDPOINT) == ["outbound|80||fixed.example.com"]
    result = compiled(entry, envoy_filter(patch("CLUSTER", "REMOVE", "cluster: {service: fixed.example.com}")))
    assert names(result, Kind.ENDPOINT) == []


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("listener: {portNumber: 80}", ["0.0.0.0_80"]),
        ("listener: {name: 0.0.0.0_443}", ["0.0.0.0_443"]),
        ("listener: {portNumber: 15001}", ["virtualOutbound"]),
        ("listener: {name: 0.0.0.0_443, portNumber: 80}", []),
        ("", ["virtualOutbound", "0.0.0.0_80", "0.0.0.0_443"]),
    ],
)
def test_a_listener_is_found_by_name_and_port(match: str, expected: list[str]) -> None:
    result = web(patch("LISTENER", "MERGE", match, "{stat_prefix: seen}"))
    assert [one.name for one in result.resources.listeners if one.value.get("stat_prefix")] == expected


def test_the_routes_of_a_removed_listener_are_not_sent() -> None:
    assert names(web(patch("LISTENER", "REMOVE", "listener: {portNumber: 80}")), Kind.ROUTE) == []


def test_the_routes_that_an_added_listener_asks_for_are_made() -> None:
    rds = "rds: {route_config_name: 'NAME', config_source: {ads: {}}}"
    config = f"{{'@type': {TYPES}.network.http_connection_manager.v3.HttpConnectionManager, stat_prefix: x, {rds}}}"
    listener = f"{{name: mine, filter_chains: [{{filters: [{{name: {MANAGER}, typed_config: {config}}}]}}]}}"
    result = web(
        patch("LISTENER", "ADD", "", listener.replace("NAME", "8080")),
        patch("LISTENER", "ADD", "", listener.replace("NAME", "mine").replace("name: mine", "name: other", 1)),
    )
    assert names(result, Kind.ROUTE) == ["80", "8080"]
    assert [one["name"] for one in value(result, Kind.ROUTE, "8080")["virtual_hosts"]] == ["allow_any"]


def test_the_chain_of_one_server_name_is_patched_and_the_default_chain_can_be_removed() -> None:
    result = web(
        patch("FILTER_CHAIN", "MERGE", "listener: {filterChain: {sni: a.example.com}}", "{name: mine}"),
        patch("FILTER_CHAIN", "REMOVE", "listener: {portNumber: 443, filterChain: {name: PassthroughFilterChain}}"),
    )
    listener = value(result, Kind.LISTENER, "0.0.0.0_443")
    assert {one.get("name"): one["filter_chain_match"]["server_names"] for one in listener["filter_chains"]} == {
        "mine": ["a.example.com"],
        None: ["b.example.com"],
    }
    assert "default_filter_chain" not in listener
    assert "default_filter_chain" in value(result, Kind.LISTENER, "0.0.0.0_80")


def test_a_port_inside_virtual_outbound_is_that_of_the_chain() -> None:
    result = web(patch("NETWORK_FILTER", "ADD", "listener: {name: virtualOutbound, portNumber: 15001}", "{name: mine}"))
    chains = value(result, Kind.LISTENER, "virtualOutbound")["filter_chains"]
    assert [[one["name"] for one in chain["filters"]] for chain in chains] == [[TCP_PROXY, "mine"], [TCP_PROXY]]


def test_all_named_application_protocols_must_be_there() -> None:
    result = web(
        patch("FILTER_CHAIN", "MERGE", 'listener: {filterChain: {applicationProtocols: "h2c,http/1.1"}}', "{name: x}"),
        patch("FILTER_CHAIN", "MERGE", 'listener: {filterChain: {applicationProtocols: "h2c,h3"}}', "{name: y}"),
    )
    assert value(result, Kind.LISTENER, "0.0.0.0_80")["filter_chains"][0]["name"] == "x"


@pytest.mark.parametrize(
    ("operation", "sub_filter", "expected"),
    [
        ("INSERT_BEFORE", ", subFilter: {name: envoy.filters.http.cors}", ["fault", "mine", "cors", "router"]),
        ("INSERT_AFTER", ", subFilter: {name: envoy.filters.http.cors}", ["fault", "cors", "mine", "router"]),
        ("INSERT_AFTER", ", subFilter: {name: istio.alpn}", ["mine", "fault", "cors", "router"]),
        ("INSERT_BEFORE", ", subFilter: {name: envoy.router}", ["fault", "cors", "router"]),
        ("INSERT_BEFORE", "", ["mine", "fault", "cors", "router"]),
        ("INSERT_FIRST", "", ["mine", "fault", "cors", "router"]),
        ("ADD", "", ["fault", "cors", "router", "mine"]),
        ("REPLACE", ", subFilter: {name: envoy.filters.http.cors}", ["fault", "mine", "router"]),
        ("REPLACE", "", ["fault", "cors", "router"]),
        ("REMOVE", ", subFilter: {name: envoy.filters.http.cors}", ["fault", "router"]),
        ("REMOVE", ", subFilter: {name: istio.metadata_exchange}", ["fault", "cors", "router"]),
    ],
)
def test_an_http_filter_lands_where_istio_puts_it(operation: str, sub_filter: str, expected: list[str]) -> None:
    match = f"listener: {{filterChain: {{filter: {{name: {MANAGER}{sub_filter}}}}}}}"
    found = http_filters(web(patch("HTTP_FILTER", operation, match, "{name: mine}")))
    assert [name.removeprefix("envoy.filters.http.") for name in found] == expected


def test_a_merge_reaches_into_the_manager_and_its_router() -> None:
    inner = (
        f"listener: {{filterChain: {{filter: {{name: {MANAGER}, subFilter: {{name: envoy.filters.http.router}}}}}}}}"
    )
    result = web(
        patch(
            "NETWORK_FILTER",
            "MERGE",
            f"listener: {{filterChain: {{filter: {{name: {MANAGER}}}}}}}",
            f"{{typedConfig: {{'@type': {TYPES}.network.http_connection_manager.v3.HttpConnectionManager,"
            " streamIdleTimeout: 5s}}",
        ),
        patch(
            "HTTP_FILTER",
            "MERGE",
            inner,
            f"{{typed_config: {{'@type': {TYPES}.http.router.v3.Router, suppress_envoy_headers: true}}}}",
        ),
    )
    manager = value(result, Kind.LISTENER, "0.0.0.0_80")["filter_chains"][0]["filters"][-1]["typed_config"]
    assert manager["stream_idle_timeout"] == "5s" and manager["normalize_path"] is True
    assert manager["http_filters"][-1]["typed_config"]["suppress_envoy_headers"] is True


def test_a_merge_of_another_type_is_left_out_alone_and_told() -> None:
    result = web(
        patch("NETWORK_FILTER", "MERGE", "", f"{{typed_config: {{'@type': {TYPES}.network.echo.v3.Echo}}}}"),
        patch("LISTENER", "MERGE", "", "{stat_prefix: seen}"),
    )
    assert all(one.value["stat_prefix"] == "seen" for one in result.resources.listeners)
    assert any("Echo cannot be merged into" in text and "istiod loses" in text for text in warnings(result))


def test_a_listener_filter_is_merged_alone_where_istiod_merges_into_all() -> None:
    tls = "listener: {portNumber: 443, listenerFilter: envoy.filters.listener.tls_inspector}"
    inspector = f"'@type': {TYPES}.listener.tls_inspector.v3.TlsInspector, enable_ja3_fingerprinting: true"
    result = web(
        patch("LISTENER_FILTER", "INSERT_FIRST", "listener: {portNumber: 443}", "{name: mine}"),
        patch("LISTENER_FILTER", "MERGE", tls, f"{{typed_config: {{{inspector}}}}}"),
    )
    mine, inspecting = value(result, Kind.LISTENER, "0.0.0.0_443")["listener_filters"]
    assert mine == {"name": "mine"} and inspecting["typed_config"]["enable_ja3_fingerprinting"] is True
    assert any("istiod merges into all listener filters" in text for text in warnings(result))


HOST = 'routeConfiguration: {vhost: {name: "a.example.com:80"'


@pytest.mark.parametrize(
    ("operation", "match", "expected"),
    [
        ("INSERT_FIRST", HOST + "}}", ["mine", "old", "rest"]),
        ("INSERT_BEFORE", HOST + ", route: {name: rest}}}", ["old", "mine", "rest"]),
        ("INSERT_AFTER", HOST + ", route: {action: REDIRECT}}}", ["old", "mine", "rest"]),
        ("INSERT_FIRST", HOST + ", route: {name: gone}}}", ["old", "rest"]),
        ("INSERT_FIRST", HOST + ", route: {name: rest}}}", ["mine", "old", "rest"]),
        ("ADD", HOST + "}}", ["old", "rest", "mine"]),
        ("REMOVE", HOST + ", route: {action: ROUTE}}}", ["old"]),
        ("REPLACE", HOST + ", route: {name: rest}}}", ["old", "rest"]),
        ("MERGE", HOST + ", route: {name: rest}}}", ["old", "mine"]),
    ],
)
def test_a_route_lands_where_istio_puts_it(operation: str, match: str, expected: list[str]) -> None:
    result = web(patch("HTTP_ROUTE", operation, match, "{name: mine}"))
    assert routes(result) == expected
    assert routes(result, "b.example.com:80") == ["default"]


def test_no_patch_merges_into_an_inserted_route() -> None:
    result = web(
        patch("HTTP_ROUTE", "INSERT_FIRST", HOST + "}}", "{name: mine}"),
        patch("HTTP_ROUTE", "MERGE", HOST + ", route: {name: mine}}}", "{name: changed}"),
    )
    assert routes(result) == ["mine", "old", "rest"]


def test_an_added_virtual_host_is_behind_the_catch_all_and_gets_no_route_patches() -> None:
    added = "{name: mine, domains: [mine.example.com], routes: [{name: own, match: {prefix: /}}]}"
    result = web(
        patch("VIRTUAL_HOST", "ADD", 'routeConfiguration: {name: "80"}', added),
        patch("HTTP_ROUTE", "MERGE", "", "{stat_prefix: seen}"),
    )
    found = value(result, Kind.ROUTE, "80")["virtual_hosts"]
    assert [one["name"] for one in found[-2:]] == ["allow_any", "mine"]
    assert [one["routes"][0].get("stat_prefix") for one in found[-2:]] == ["seen", None]


def test_a_removed_virtual_host_takes_an_added_one_of_its_name_with_it() -> None:
    match = "routeConfiguration: {vhost: {domainName: b.example.com}}"
    result = web(
        patch("VIRTUAL_HOST", "REMOVE", match),
        patch("VIRTUAL_HOST", "ADD", "", '{name: "b.example.com:80", domains: [b.example.com]}'),
    )
    found = [one["name"] for one in value(result, Kind.ROUTE, "80")["virtual_hosts"]]
    assert found == ["a.example.com:80", "allow_any"]


def test_a_route_configuration_is_merged_by_the_port_it_is_named_for() -> None:
    result = web(
        patch(
            "ROUTE_CONFIGURATION",
            "MERGE",
            "routeConfiguration: {portNumber: 80}",
            "{most_specific_header_mutations_wins: true}",
        ),
        patch("ROUTE_CONFIGURATION", "MERGE", "routeConfiguration: {portNumber: 81}", "{name: changed}"),
    )
    assert value(result, Kind.ROUTE, "80")["most_specific_header_mutations_wins"] is True


def test_a_patched_resource_names_the_patch_among_its_origins() -> None:
    result = web(
        patch("CLUSTER", "MERGE", "cluster: {service: a.example.com, portNumber: 80}", "{dns_jitter: 3s}"),
        patch(
            "VIRTUAL_HOST", "MERGE", 'routeConfiguration: {vhost: {name: "b.example.com:80"}}', "{routes: [{name: x}]}"
        ),
    )
    lines = {
        (kind, name): [origin.line for origin in result.resources.origins_of(kind, name)]
        for kind, name in [
            (Kind.CLUSTER, "outbound|80||a.example.com"),
            (Kind.CLUSTER, "outbound|80||b.example.com"),
            (Kind.ROUTE, "80"),
        ]
    }
    first = max(lines[Kind.CLUSTER, "outbound|80||a.example.com"])
    assert lines[Kind.CLUSTER, "outbound|80||b.example.com"] == [1]
    assert max(lines[Kind.ROUTE, "80"]) == first + 1
    assert [one.line for one in result.resources.origins_of(Kind.ROUTE, "80", "b.example.com:80")] == [1, first + 1]
    assert first + 1 not in [one.line for one in result.resources.origins_of(Kind.ROUTE, "80", "a.example.com:80")]


@pytest.mark.parametrize(
    ("patches", "expected"),
    [
        (patch("CLUSTER", "REPLACE", "", "{name: x}"), "REPLACE does nothing to a CLUSTER"),
        (patch("LISTENER", "REPLACE", "", "{name: x}"), "REPLACE does nothing to a LISTENER"),
        (patch("LISTENER", "MERGE", "", "{bind_to_port: true}"), "istiod merges bind_to_port into an object that all"),
        (
            patch("ROUTE_CONFIGURATION", "MERGE", "", "{max_direct_response_body_size_bytes: 9}"),
            "istiod merges max_direct_response_body_size_bytes into an object that all proxies share",
        ),
        (patch("BOOTSTRAP", "MERGE", "", "{}"), "applyTo BOOTSTRAP is not applied. It changes what Envoy starts with"),
        (
            patch("EXTENSION_CONFIG", "ADD", "", "{name: x}"),
            "applyTo EXTENSION_CONFIG is not applied. istiod sends it by itself, to filters that ask for it by name",
        ),
        (patch("LISTENER", "ADD", "", "{stat_prefix: x}"), "an added LISTENER has no name"),
        (
            patch("CLUSTER", "MERGE", "", "{connect_timeout: 1s, transport_socket: {name: x}}"),
            "beside transport_socket nothing of a CLUSTER patch is applied (connect_timeout)",
        ),
    ],
)
def test_what_a_patch_does_not_do_is_told_at_its_place(patches: str, expected: str) -> None:
    told = [text for text in warnings(web(patches)) if expected in text]
    assert len(told) == 1 and told[0].startswith("a.yaml:")
