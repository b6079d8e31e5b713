from __future__ import annotations

from typing import Any

import pytest

from unstale.envoy.envoy_filter import api
from unstale.envoy.envoy_filter.json_form import FormError, Reading
from unstale.envoy.envoy_filter.merge import TypesDifferError, merged, merged_any

TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
HTTP = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
OPTIONS = f"type.googleapis.com/{HTTP}"


def message(name: str) -> api.MessageType:
    found = api.message_type(name)
    assert found is not None
    return found


def merge(old: dict[str, Any], patch: dict[str, Any], name: str = api.CLUSTER, **how: bool) -> dict[str, Any]:
    return merged(old, Reading().message(patch, message(name)), message(name), **how)


@pytest.mark.parametrize(
    ("old", "patch", "expected"),
    [
        pytest.param({"respect_dns_ttl": True}, {"respect_dns_ttl": False}, {"respect_dns_ttl": True}, id="EF-2-bool"),
        pytest.param(
            {"lb_policy": "RANDOM"}, {"lb_policy": "ROUND_ROBIN"}, {"lb_policy": "RANDOM"}, id="EF-2-enum-zero"
        ),
        pytest.param({"lb_policy": "RANDOM"}, {"lbPolicy": 2}, {"lb_policy": "RING_HASH"}, id="EF-2-enum-by-number"),
        pytest.param(
            {"outlier_detection": {"consecutive_5xx": 5}},
            {"outlier_detection": {"consecutive_5xx": 0, "max_ejection_percent": 0}},
            {"outlier_detection": {"consecutive_5xx": 5, "max_ejection_percent": 0}},
            id="EF-2-wrapper-of-zero",
        ),
        pytest.param(
            {"connect_timeout": "10.500s"},
            {"connect_timeout": "0s"},
            {"connect_timeout": "0s"},
            id="EF-2-duration-whole",
        ),
        pytest.param(
            {"health_checks": [{"timeout": "1s"}]},
            {"health_checks": [{"timeout": "2s"}]},
            {"health_checks": [{"timeout": "1s"}, {"timeout": "2s"}]},
            id="EF-2-lists-append",
        ),
        pytest.param(
            {"metadata": {"filter_metadata": {"istio": {"config": "a", "subset": "b"}, "mine": {"x": 1}}}},
            {"metadata": {"filterMetadata": {"istio": {"config": "c"}}}},
            {"metadata": {"filter_metadata": {"istio": {"config": "c"}, "mine": {"x": 1}}}},
            id="EF-2-map-entry-whole",
        ),
        pytest.param(
            {"typed_extension_protocol_options": {HTTP: {"@type": OPTIONS, "explicit_http_config": {}}}},
            {"typed_extension_protocol_options": {HTTP: {"@type": OPTIONS, "auto_config": {}}}},
            {"typed_extension_protocol_options": {HTTP: {"@type": OPTIONS, "auto_config": {}}}},
            id="EF-3-http-options-whole",
        ),
        pytest.param(
            {"type": "STRICT_DNS"},
            {"cluster_type": {"name": "envoy.clusters.aggregate"}},
            {"cluster_type": {"name": "envoy.clusters.aggregate"}},
            id="one-of-drives-out",
        ),
        pytest.param({"type": "EDS"}, {"type": "STATIC"}, {"type": "STATIC"}, id="zero-in-a-one-of-counts"),
        pytest.param({}, {"connectTimeout": "0.05s"}, {"connect_timeout": "0.050s"}, id="camel-case-and-fraction"),
        pytest.param(
            {}, {"per_connection_buffer_limit_bytes": "9000"}, {"per_connection_buffer_limit_bytes": 9000}, id="text"
        ),
        pytest.param({"name": "a"}, {"name": None, "alt_stat_name": ""}, {"name": "a"}, id="null-and-empty-text"),
    ],
)
def test_a_merge_is_protobufs(old: dict[str, Any], patch: dict[str, Any], expected: dict[str, Any]) -> None:
    before = repr(old)
    assert merge(old, patch) == expected
    assert repr(old) == before


def test_a_merge_may_replace_lists_at_any_depth() -> None:
    old = {"circuit_breakers": {"thresholds": [{"max_retries": 3}]}, "health_checks": [{"timeout": "1s"}]}
    patch = {"circuit_breakers": {"thresholds": [{"max_requests": 7}]}}
    assert merge(old, patch, replaces_lists=True) == {
        "circuit_breakers": {"thresholds": [{"max_requests": 7}]},
        "health_checks": [{"timeout": "1s"}],
    }


def test_a_direct_response_gives_way_to_a_route() -> None:
    old = {"match": {"prefix": "/"}, "direct_response": {"status": 502}}
    assert merge(old, {"route": {"timeout": "3s"}}, api.ROUTE) == {"match": {"prefix": "/"}, "route": {"timeout": "3s"}}


def test_two_anys_of_one_type_are_merged_and_of_two_types_are_not() -> None:
    old = {"@type": TLS, "sni": "a.example.com", "common_tls_context": {"alpn_protocols": ["h2"]}}
    new = {"@type": TLS, "common_tls_context": {"alpn_protocols": ["http/1.1"]}}
    assert merged_any(old, new) == {**old, "common_tls_context": {"alpn_protocols": ["h2", "http/1.1"]}}
    with pytest.raises(TypesDifferError, match=r"HttpProtocolOptions cannot be merged into .*UpstreamTlsContext"):
        merged_any(old, {"@type": OPTIONS})


def test_what_envoy_does_not_have_is_left_out_and_told() -> None:
    reading = Reading()
    value = {"connect_timeout": "1s", "never": {"x": 1}, "lb_policy": "FASTEST", "health_checks": [{"no": 1}]}
    assert reading.message(value, message(api.CLUSTER)) == {"connect_timeout": "1s", "health_checks": [{}]}
    assert reading.unknown == ["never", "lb_policy: FASTEST", "health_checks[0].no"]


def test_a_type_that_is_not_known_is_kept_as_written() -> None:
    reading = Reading()
    value = {"name": "x", "typed_config": {"@type": "type.googleapis.com/acme.Filter", "someField": [0]}}
    assert reading.message(value, message(api.HTTP_FILTER)) == value
    assert reading.unknown_types == ["type.googleapis.com/acme.Filter"]


@pytest.mark.parametrize(
    ("value", "message_part"),
    [
        ({"connect_timeout": {"a": 1}}, "connect_timeout is an object, not a text such as 2.5s"),
        ({"connect_timeout": "5"}, 'connect_timeout is "5", not seconds such as 2.5s'),
        ({"connect_timeout": "500ms"}, 'connect_timeout is "500ms", not seconds such as 2.5s'),
        ({"name": 7}, "name is 7, not a text"),
        ({"respect_dns_ttl": "yes"}, 'respect_dns_ttl is "yes", not true or false'),
        ({"per_connection_buffer_limit_bytes": 1.5}, "per_connection_buffer_limit_bytes is 1.5, not a whole number"),
        ({"per_connection_buffer_limit_bytes": 1 << 32}, "too large for 32 bits"),
        ({"health_checks": {}}, "health_checks is an object, not a list"),
        ({"type": "EDS", "cluster_type": {}}, "cluster_type and type exclude each other"),
        ({"connect_timeout": "1s", "connectTimeout": "1s"}, "connectTimeout is written twice"),
        ({"transport_socket": {"typed_config": {"sni": "a"}}}, 'transport_socket.typed_config has no "@type"'),
        ([], "value is a list, not an object"),
    ],
)
def test_a_value_of_the_wrong_form_says_where_and_why(value: Any, message_part: str) -> None:
    with pytest.raises(FormError) as caught:
        Reading().message(value, message(api.CLUSTER))
    assert message_part in str(caught.value)


def test_the_table_has_what_istio_makes() -> None:
    names = [api.CLUSTER, api.LISTENER, api.ROUTE_CONFIGURATION, api.HTTP_CONNECTION_MANAGER, HTTP]
    assert all(api.message_type(name) for name in names)
    assert api.message_type("envoy.no.such.v3.Message") is None
    assert api.json_name("http2_protocol_options") == "http2ProtocolOptions"
