from __future__ import annotations

import pytest

from unstale.envoy.compile import compile as compile_manifests
from unstale.istio.load import load
from unstale.istio.source import Source

ROOT = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: root, namespace: default}
spec:
  hosts: [a.example.com]
  http:
  - match: [{uri: {prefix: /a}}]
    delegate: {name: part, namespace: team}
"""
PART = """
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: part, namespace: team}
spec:
  http:
  - match: [MATCH]
    route: [{destination: {host: b}}]
"""


def compiled(text: str) -> tuple[list[str], list[str]]:
    """The clusters routed to on port 80 and the warnings."""
    entry = """
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: a}
spec: {hosts: [a.example.com], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]}
"""
    result = compile_manifests(load([Source(name="a.yaml", text=text + entry)]))
    (hosts,) = [one.value["virtual_hosts"] for one in result.resources.routes]
    clusters = [route["route"]["cluster"] for route in hosts[0]["routes"]]
    return clusters, [str(one) for one in result.warnings]


def test_short_names_of_a_delegate_are_of_its_own_namespace() -> None:  # RT-20
    clusters, warnings = compiled(ROOT + PART.replace("MATCH", "{uri: {prefix: /a/b}}"))
    assert clusters == ["outbound|80||b.team.svc.cluster.local"]
    assert warnings == []


@pytest.mark.parametrize("match", ["{uri: {prefix: /b}}", "{uri: {regex: /a/.*}}", "{ignoreUriCase: true}"])
def test_a_rule_that_asks_for_more_is_dropped_and_told(match: str) -> None:
    clusters, warnings = compiled(ROOT + PART.replace("MATCH", match))
    assert clusters == ["outbound|80||a.example.com"]
    assert warnings == [
        "a.yaml:17:5: no match of this rule lies within one of the rule that delegates to it. It is left out. "
        "The delegating rule is at a.yaml:8:5."
    ]


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ("", "is not there"),
        (PART.replace("MATCH", "{}").replace("spec:", "spec:\n  exportTo: ['.']"), "is not exported to default"),
    ],
)
def test_a_delegate_that_cannot_be_reached_is_told(part: str, why: str) -> None:
    clusters, warnings = compiled(ROOT + part)
    assert clusters == ["outbound|80||a.example.com"]
    assert warnings == [f"a.yaml:9:15: delegate {why} (team/part). The rule is left out with all its routes."]
