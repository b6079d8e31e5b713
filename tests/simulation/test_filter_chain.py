"""Envoy's order of criteria, one table a criterion; a real Envoy is asked in `test_against_envoy_lab.py`."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from unstale.simulation.call import Connection
from unstale.simulation.filter_chain import find_chain

INSPECTORS = [
    {"typed_config": {"@type": f"type.googleapis.com/envoy.extensions.filters.listener.{name}"}}
    for name in ("tls_inspector.v3.TlsInspector", "http_inspector.v3.HttpInspector")
]
TLS = Connection(port=443, is_tls=True, server_name="a.b.example.com", application_protocols=("h2", "http/1.1"))
PLAIN = Connection(port=80, address=ip_address("10.1.2.3"), application_protocols=("http/1.1",))


def chosen(connection: Connection, *matches: dict[str, Any], inspectors: Any = INSPECTORS) -> int | None:
    """The place of the chain; -1 is the default one."""
    chains = [{"name": str(place), "filter_chain_match": match} for place, match in enumerate(matches)]
    listener = {"filter_chains": chains, "listener_filters": inspectors, "default_filter_chain": {"name": "-1"}}
    found = find_chain(listener, connection)
    return None if found is None else int(found["name"])


def ranges(prefix: str, length: int) -> list[dict[str, Any]]:
    return [{"address_prefix": prefix, "prefix_len": length}]


@pytest.mark.parametrize(
    ("matches", "expected"),
    [
        ([{}, {"server_names": ["a.b.example.com"]}], 1),
        ([{"server_names": ["*.example.com"]}, {"server_names": ["*.b.example.com"]}], 1),
        ([{"server_names": ["*.b.example.com"]}, {"server_names": ["a.b.example.com"]}], 1),
        ([{"server_names": ["b.example.com"]}], -1),
        ([{"server_names": ["*.a.b.example.com"]}], -1),
        ([{"application_protocols": ["http/1.1"]}, {"application_protocols": ["h2"]}], 1),
        ([{"application_protocols": ["h3"]}, {"transport_protocol": "tls"}], 1),
        ([{"transport_protocol": "raw_buffer"}], -1),
    ],
)
def test_tls(matches: list[dict[str, Any]], expected: int) -> None:
    assert chosen(TLS, *matches) == expected


@pytest.mark.parametrize(
    ("matches", "expected"),
    [
        ([{"prefix_ranges": ranges("10.0.0.0", 8)}, {"prefix_ranges": ranges("10.1.0.0", 16)}], 1),
        ([{"prefix_ranges": ranges("10.1.2.3", 32)}, {"destination_port": 80}], 1),
        ([{"destination_port": 81}, {}], 1),
        ([{"prefix_ranges": ranges("11.0.0.0", 8)}], -1),
        ([{"source_prefix_ranges": ranges("10.0.0.0", 8)}], -1),
        ([{"source_ports": [1]}, {}], 1),
        ([{"application_protocols": ["http/1.1", "h2c"], "transport_protocol": "raw_buffer"}, {}], 0),
    ],
)
def test_plain(matches: list[dict[str, Any]], expected: int) -> None:
    assert chosen(PLAIN, *matches) == expected


def test_a_lost_criterion_is_not_tried_again() -> None:
    """The closest server name wins even if its transport then fails."""
    assert chosen(TLS, {}, {"server_names": ["a.b.example.com"], "transport_protocol": "raw_buffer"}) == -1


def test_what_nobody_inspects_is_not_known() -> None:
    assert chosen(TLS, {"server_names": ["a.b.example.com"]}, {}, inspectors=[]) == 1
    assert chosen(PLAIN, {"application_protocols": ["http/1.1"]}, {}, inspectors=[]) == 1


def test_an_address_that_no_manifest_names_is_in_no_range() -> None:
    unknown = Connection(port=80)
    assert chosen(unknown, {"prefix_ranges": ranges("0.0.0.0", 1)}, {"prefix_ranges": ranges("0.0.0.0", 0)}) == 1


def test_the_pod_is_the_source() -> None:
    pod = Connection(port=80, source=ip_address("10.0.0.10"))
    assert chosen(pod, {"source_prefix_ranges": ranges("10.0.0.0", 8)}) == 0
    assert chosen(pod, {"source_type": "EXTERNAL"}, {"source_type": "SAME_IP_OR_LOOPBACK"}) == 0


def test_without_a_default_chain_the_connection_has_none() -> None:
    assert find_chain({"filter_chains": [{"filter_chain_match": {"destination_port": 1}}]}, PLAIN) is None
