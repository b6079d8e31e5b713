"""Capture and mark in a network namespace: the application's connections pass Envoy, Envoy's own do not come back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pods import in_namespaces

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return in_namespaces("captured_pod.py")


def test_a_captured_connection_is_answered_by_the_server_it_was_meant_for(report: dict[str, Any]) -> None:
    assert report["seen"] == {"80": [200, "origin"], "81": [200, "origin"], "8080": [200, "origin"]}


def test_envoys_own_connections_do_not_come_back_to_it(report: dict[str, Any]) -> None:
    counted = report["counted"]
    assert counted["cluster.web.upstream_cx_total"] == 1
    assert counted["cluster.PassthroughCluster.upstream_cx_total"] == 1
    assert _accepted(counted) == 2


def _accepted(counted: dict[str, int]) -> int:
    return sum(counted[f"listener.0.0.0.0_{port}.downstream_cx_total"] for port in (15001, 80))


def test_an_excluded_port_is_not_captured(report: dict[str, Any]) -> None:
    assert report["seen"]["8080"][0] == 200
    assert _accepted(report["counted"]) == len({"80", "81"})


def test_the_access_log_shows_the_original_destination(report: dict[str, Any]) -> None:
    http = next(line for line in report["lines"] if '"GET / HTTP/1.1" 200' in line)
    assert re.search(r' "203\.0\.113\.10:80" web 10\.0\.0\.10:\d+ 203\.0\.113\.10:80 10\.0\.0\.10:\d+ - -$', http)


def test_released_traffic_passes_by(report: dict[str, Any]) -> None:
    assert report["unseen"] == [200, "origin"]
    _, before, after = report["passed"]
    assert after == before


def test_a_local_port_that_envoy_had_until_a_reset_is_captured(report: dict[str, Any]) -> None:
    assert report["answer"] == ["reset", "answer"]
    before, after, _ = report["passed"]
    assert after == before + 1
