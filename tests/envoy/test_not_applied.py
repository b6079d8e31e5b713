from __future__ import annotations

import pytest

from unstale.envoy.compile import compile as compile_manifests
from unstale.istio.load import load
from unstale.istio.source import Source

ENTRY = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: a}
spec:
  hosts: [HOST]
  ports: [{number: 80, name: http, protocol: HTTP}]
"""
RULE = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: a}
spec:
  host: a.example.com
"""
ROUTE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a}
spec:
  hosts: [a.example.com]
"""


def warnings(text: str) -> list[str]:
    return [str(warning) for warning in compile_manifests(load([Source(name="a.yaml", text=text)])).warnings]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (
            ENTRY.replace("HOST", "'*.example.com'") + "  resolution: DYNAMIC_DNS\n",
            "a.yaml:8:15: resolution is not applied yet (DYNAMIC_DNS).",
        ),
        (
            ENTRY.replace("HOST", "a.example.com") + "  resolution: DNS\n  location: MESH_INTERNAL\n",
            "a.yaml:9:13: location is not applied yet (MESH_INTERNAL).",
        ),
        (
            ENTRY.replace("HOST", "a.example.com") + "  resolution: STATIC\n  workloadSelector: {labels: {app: a}}\n",
            "a.yaml:9:21: workloadSelector is not applied yet (app: a).",
        ),
    ],
)
def test_what_a_service_entry_says_in_vain_is_told(entry: str, expected: str) -> None:
    (told,) = warnings(entry)
    assert told.startswith(expected)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("  trafficPolicy: {tls: {mode: SIMPLE}}", "a.yaml:7:24: tls is not applied yet (SIMPLE)."),
        (
            "  trafficPolicy: {portLevelSettings: [{port: {number: 80}, tls: {mode: SIMPLE}}]}",
            "a.yaml:7:65: tls is not applied yet (SIMPLE).",
        ),
        (
            "  subsets: [{name: s, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}]",
            "a.yaml:7:44: tls is not applied yet (ISTIO_MUTUAL).",
        ),
    ],
)
def test_missing_encryption_is_told_as_such(policy: str, expected: str) -> None:
    (told,) = warnings(RULE + policy)
    assert told.startswith(expected)
    assert "plain text" in told


@pytest.mark.parametrize(
    ("policy", "name"),
    [
        ("{proxyProtocol: {version: V2}}", "proxyProtocol"),
        ("{tunnel: {targetHost: b.example.com, targetPort: 80}}", "tunnel"),
        ("{loadBalancer: {localityLbSetting: {failoverPriority: [zone]}}}", "failoverPriority"),
    ],
)
def test_other_policies_that_are_left_out_are_told(policy: str, name: str) -> None:
    (told,) = warnings(f"{RULE}  trafficPolicy: {policy}")
    assert f"{name} is not applied yet" in told


@pytest.mark.parametrize(
    "policy",
    ["{tls: {mode: DISABLE}}", "{loadBalancer: {simple: RANDOM, localityLbSetting: {enabled: false}}}"],
)
def test_what_asks_for_nothing_is_not_told(policy: str) -> None:
    assert warnings(f"{RULE}  trafficPolicy: {policy}") == []


def test_a_delegate_is_told_and_its_rule_left_out() -> None:
    text = ROUTE + "  http: [{delegate: {name: b}}]"
    assert warnings(text) == ["a.yaml:7:21: delegate is not applied yet (b). The rule is left out with all its routes."]
