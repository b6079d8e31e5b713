"""Values of patches are judged as Istio's webhook reads them, each fault at its path."""

from __future__ import annotations

from typing import Any

import pytest

from unstale.envoy.envoy_filter.value_faults import value_faults

LUA = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"


def _told(apply_to: str, value: dict[str, Any]) -> list[tuple[str, bool]]:
    return [(fault.path, fault.is_error) for fault in value_faults(apply_to, value)]


@pytest.mark.parametrize(
    ("apply_to", "value"),
    [
        ("CLUSTER", {}),
        ("CLUSTER", {"name": "a", "connect_timeout": "1m30s", "connectTimeout": "5s", "type": "STRICT_DNS"}),
        ("CLUSTER", {"type": 2, "per_connection_buffer_limit_bytes": "32768", "respect_dns_ttl": None}),
        ("CLUSTER", {"circuit_breakers": {"thresholds": [{"max_connections": 100.0}, None]}}),
        ("CLUSTER", {"metadata": {"filter_metadata": {"a": {"b": [1, "c", None, {"d": True}]}}}}),
        ("HTTP_FILTER", {"name": "a", "typed_config": {"@type": LUA, "inlineCode": "x"}}),
        ("HTTP_FILTER", {"typed_config": {"@type": "type.googleapis.com/google.protobuf.Empty", "value": {}}}),
        ("HTTP_FILTER", {"typed_config": {"@type": "x/envoy.extensions.filters.http.golang.v3alpha.Config", "a": 1}}),
        ("HTTP_FILTER", {"typed_config": {"@type": "x/istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig"}}),
        ("BOOTSTRAP", {"no": "matter"}),
    ],
)
def test_what_the_type_takes_is_accepted(apply_to: str, value: dict[str, Any]) -> None:
    assert _told(apply_to, value) == []


@pytest.mark.parametrize(
    ("apply_to", "value", "path"),
    [
        ("CLUSTER", {"name": 1}, "value.name"),
        ("CLUSTER", {"connect_timeout": "5"}, "value.connect_timeout"),
        ("CLUSTER", {"connect_timeout": 5}, "value.connect_timeout"),
        ("CLUSTER", {"type": "STRICTDNS"}, "value.type"),
        ("CLUSTER", {"type": True}, "value.type"),
        ("CLUSTER", {"respect_dns_ttl": "true"}, "value.respect_dns_ttl"),
        ("CLUSTER", {"per_connection_buffer_limit_bytes": 1.5}, "value.per_connection_buffer_limit_bytes"),
        ("CLUSTER", {"per_connection_buffer_limit_bytes": 1 << 32}, "value.per_connection_buffer_limit_bytes"),
        ("CLUSTER", {"circuit_breakers": []}, "value.circuit_breakers"),
        ("CLUSTER", {"circuit_breakers": {"thresholds": {}}}, "value.circuit_breakers.thresholds"),
        ("CLUSTER", {"metadata": {"filter_metadata": []}}, "value.metadata.filter_metadata"),
        ("CLUSTER", {"metadata": {"filter_metadata": {"a": 1}}}, "value.metadata.filter_metadata.a"),
        ("CLUSTER", {"transport_socket": {"typed_config": {}}}, "value.transport_socket.typed_config"),
        ("HTTP_FILTER", {"typed_config": "x"}, "value.typed_config"),
        ("HTTP_FILTER", {"typed_config": {"@type": f"{LUA}a"}}, "value.typed_config.@type"),
        (
            "HTTP_FILTER",
            {"typed_config": {"@type": "x/envoy.config.filter.http.lua.v2.Lua"}},
            "value.typed_config.@type",
        ),
        ("HTTP_FILTER", {"typed_config": {"@type": LUA, "inline_code": 1}}, "value.typed_config.inline_code"),
    ],
)
def test_what_it_does_not_take_is_an_error_at_its_path(apply_to: str, value: dict[str, Any], path: str) -> None:
    assert _told(apply_to, value) == [(path, True)]


def test_an_unknown_field_is_only_told_with_the_nearest_name() -> None:
    (fault,) = value_faults("CLUSTER", {"circuit_breakers": {"treshold": []}})

    assert (fault.path, fault.is_error) == ("value.circuit_breakers.treshold", False)
    assert fault.allowed == 'Did you mean "thresholds"?'
