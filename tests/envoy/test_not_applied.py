from __future__ import annotations

import pytest

from unstale.envoy.compile import compile as compile_manifests
from unstale.istio.load import load
from unstale.istio.mesh_file import load_mesh
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
DYNAMIC = ENTRY.replace("HOST", "'*.example.com'") + "  resolution: DYNAMIC_DNS\n"
CODES = RULE + "  trafficPolicy: {outlierDetection: {outlierDetectionHttpErrorCodes: [429, 503]}}"


def warnings(text: str, istio: str = "1.32", mesh: str = "{}") -> list[str]:
    manifests = load([Source(name="a.yaml", text=text)], istio=istio)
    settings = load_mesh(Source(name="mesh.yaml", text=mesh))
    return [str(warning) for warning in compile_manifests(manifests, mesh=settings, istio=istio).warnings]


@pytest.mark.parametrize(
    ("text", "istio", "expected"),
    [
        (DYNAMIC, "1.29", "a.yaml:8:15: resolution is not applied by sidecars of Istio 1.29 (DYNAMIC_DNS)."),
        (CODES, "1.31", "a.yaml:7:70: outlierDetectionHttpErrorCodes is not applied by Istio 1.31 (429, 503)."),
        (
            ENTRY.replace("HOST", "a.example.com") + "  resolution: STATIC\n"
            "  endpoints: [{address: 192.0.2.1, network: east}]\n",
            "1.32",
            "a.yaml:9:45: network is not applied here (east).",
        ),
        (
            RULE + "  trafficPolicy: {loadBalancer: {backendUtilization: {}}}",
            "1.32",
            "a.yaml:7:54: backendUtilization is not applied by Istio 1.32.",
        ),
    ],
)
def test_what_is_said_in_vain_is_told(text: str, istio: str, expected: str) -> None:
    (told,) = warnings(text, istio)
    assert told.startswith(expected)


@pytest.mark.parametrize(("text", "istio"), [(DYNAMIC, "1.30"), (CODES, "1.32")])
def test_it_is_not_told_of_the_release_that_applies_it(text: str, istio: str) -> None:
    assert warnings(text, istio) == []


@pytest.mark.parametrize(
    "policy",
    [
        "{tls: {mode: SIMPLE}}",
        "{proxyProtocol: {version: V2}}",
        "{tunnel: {targetHost: b.example.com, targetPort: 80}}",
        "{loadBalancer: {simple: RANDOM, localityLbSetting: {failoverPriority: [zone]}}, outlierDetection: {}}",
    ],
)
def test_what_is_applied_is_not_told(policy: str) -> None:
    assert warnings(f"{RULE}  trafficPolicy: {policy}") == []


@pytest.mark.parametrize(
    ("mesh", "place"),
    [
        ("defaultTrafficPolicy: {outlierDetection: {}}", "mesh.yaml:1:23: defaultTrafficPolicy"),
        ("defaultConfig: {connectionSettings: {httpIdleTimeout: 5s}}", "mesh.yaml:1:37: connectionSettings"),
        ("outboundTrafficPolicy: {mode: ALLOW_ANY_DYNAMIC_DNS}", "mesh.yaml:1:31: ALLOW_ANY_DYNAMIC_DNS"),
    ],
)
def test_settings_of_a_later_release_are_told_and_shape_nothing(mesh: str, place: str) -> None:
    text = ENTRY.replace("HOST", "a.example.com") + "  resolution: DNS\n"
    assert warnings(text, "1.31", mesh) == []
    assert warnings(text, "1.30", mesh) == [f"{place} is ignored by Istio 1.30. It is known since 1.31."]
    manifests = load([Source(name="a.yaml", text=text)])
    settings = load_mesh(Source(name="mesh.yaml", text=mesh))
    with_setting = compile_manifests(manifests, mesh=settings, istio="1.30").resources.as_json()
    assert with_setting == compile_manifests(manifests, istio="1.30").resources.as_json()
