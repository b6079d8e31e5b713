"""Limits hold at 0, 1, n and n + 1."""

from __future__ import annotations

import json
from typing import Any

import pytest

from unstale.istio.aliases import MOST_VALUES
from unstale.istio.composers import DEEPEST
from unstale.istio.load import load
from unstale.istio.source import Source
from unstale.model.errors import ManifestError


def _faults(kind: str, spec: dict[str, Any]) -> str:
    metadata = {"name": "a"}
    body = {"apiVersion": "networking.istio.io/v1alpha3", "kind": kind, "metadata": metadata, "spec": spec}
    return _told(json.dumps(body))


def _told(text: str) -> str:
    try:
        load([Source(name="a", text=text)])
    except ManifestError as error:
        return str(error)
    return ""


def _entry(**fields: Any) -> str:
    return _faults("ServiceEntry", {"hosts": ["a.example.com"], "resolution": "DNS", **fields})


def _rule(**policy: Any) -> str:
    return _faults("DestinationRule", {"host": "a.example.com", "trafficPolicy": policy})


@pytest.mark.parametrize(("count", "is_good"), [(0, False), (1, True), (256, True), (257, False)])
def test_a_service_entry_has_1_to_256_hosts(count: int, is_good: bool) -> None:
    assert (_entry(hosts=[f"{number}.example.com" for number in range(count)]) == "") is is_good


@pytest.mark.parametrize(("count", "is_good"), [(0, True), (1, True), (256, True), (257, False)])
def test_a_service_entry_has_up_to_256_ports(count: int, is_good: bool) -> None:
    ports = [{"number": number, "name": f"p{number}", "protocol": "HTTP"} for number in range(1, count + 1)]

    assert (_entry(ports=ports) == "") is is_good


@pytest.mark.parametrize(("length", "is_good"), [(0, False), (1, True), (63, True), (64, False)])
def test_a_label_of_a_host_has_1_to_63_characters(length: int, is_good: bool) -> None:
    assert (_entry(hosts=["a" * length + ".example.com"]) == "") is is_good


@pytest.mark.parametrize(("length", "is_good"), [(255, True), (256, False)])
def test_a_host_has_up_to_255_characters(length: int, is_good: bool) -> None:
    host = ("a" * 62 + ".") * 4 + "b" * (length - 252)

    assert (_entry(hosts=[host]) == "") is is_good


@pytest.mark.parametrize(("port", "is_good"), [(0, False), (1, True), (65535, True), (65536, False)])
def test_a_port_is_1_to_65535(port: int, is_good: bool) -> None:
    assert (_entry(ports=[{"number": port, "name": "a", "protocol": "HTTP"}]) == "") is is_good


@pytest.mark.parametrize(
    ("time", "is_good"), [("0s", False), ("999us", False), ("1ms", True), ("1001us", False), ("2ms", True)]
)
def test_a_connect_timeout_is_at_least_1_ms_in_whole_ones(time: str, is_good: bool) -> None:
    assert (_rule(connectionPool={"tcp": {"connectTimeout": time}}) == "") is is_good


@pytest.mark.parametrize(
    ("time", "is_good"), [("0s", True), ("999us", True), ("1ms", True), ("1500us", False), ("-1s", False)]
)
def test_a_tcp_idle_timeout_may_be_off(time: str, is_good: bool) -> None:
    assert (_rule(connectionPool={"tcp": {"idleTimeout": time}}) == "") is is_good


@pytest.mark.parametrize(("percent", "is_good"), [(-1, False), (0, True), (1, True), (100, True), (101, False)])
def test_an_ejection_percentage_is_0_to_100(percent: int, is_good: bool) -> None:
    assert (_rule(outlierDetection={"maxEjectionPercent": percent}) == "") is is_good


@pytest.mark.parametrize(("size", "is_good"), [(0, False), (1, True), (4, False), (4999999, True), (5000011, False)])
def test_a_maglev_table_is_a_prime_below_5000011(size: int, is_good: bool) -> None:
    assert (_rule(loadBalancer={"consistentHash": {"useSourceIp": True, "maglev": {"tableSize": size}}}) == "") is (
        is_good
    )


@pytest.mark.parametrize(("depth", "is_good"), [(1, True), (DEEPEST, True), (DEEPEST + 1, False), (900, False)])
def test_values_of_patches_nest_up_to_a_bound(depth: int, is_good: bool) -> None:
    nested: Any = "end"
    for _ in range(depth - 1):
        nested = {"a": nested}
    patch = {"applyTo": "CLUSTER", "patch": {"operation": "MERGE", "value": nested if depth > 1 else {}}}

    assert ("nested more than" not in _faults("EnvoyFilter", {"configPatches": [patch]})) is is_good


@pytest.mark.parametrize(("depth", "is_good"), [(1, True), (100_000, False)])
def test_documents_of_other_kinds_nest_as_the_composer_allows(depth: int, is_good: bool) -> None:
    text = "{apiVersion: v1, kind: Other, metadata: " + "[" * (depth - 1) + "]" * (depth - 1) + "}"

    assert ("nested more than" not in _told(text)) is is_good


def test_aliases_expand_up_to_a_bound() -> None:
    def with_uses(uses: int) -> str:
        hundred = ", ".join("x" * 100)
        return f"a: &a [{hundred}]\nb: [{', '.join(['*a'] * uses)}]\nkind: A\napiVersion: v1\n"

    assert "aliases stand for" not in _told(with_uses(MOST_VALUES // 101 - 2))
    assert "aliases stand for" in _told(with_uses(MOST_VALUES // 101 + 1))


def test_many_syntax_errors_cost_no_more_than_their_text() -> None:
    text = "a: [\n---\n" * 2000

    assert _told(text).count("\n") == 1999
