"""What Envoy refuses of what Istio makes is told at the manifest's line, and Envoy really refuses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_accepted_by_envoy import validate

from unstale.envoy.inputs import Configuration, Setting, compile_sources
from unstale.istio.source import Source

ENTRY = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}}}
spec:
  hosts: ["{host}"]
  resolution: {resolution}
  ports: [{{number: 80, name: http, protocol: {protocol}}}]
  {more}
"""
RULE = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: a}}
spec: {{host: "{host}", trafficPolicy: {policy}}}
"""


def entry(
    host: str, resolution: str, protocol: str = "HTTP", more: str = "location: MESH_EXTERNAL", name: str = "a"
) -> str:
    return ENTRY.format(name=name, host=host, resolution=resolution, protocol=protocol, more=more)


def rule(host: str, policy: str) -> str:
    return RULE.format(host=host, policy=policy)


def compiled(*texts: str) -> Configuration:
    return compile_sources((Source(name="a.yaml", text="---\n".join(texts)),), Setting())


ROUND_ROBIN = entry("a.example.com", "DNS_ROUND_ROBIN")
RACING = entry("a.example.com", "DNS", more="endpoints: [{address: b.example.com}, {address: c.example.com}]").replace(
    "{name: a}", "{name: a, annotations: {istio.io/connect-strategy: RACE_FIRST_TCP_CONNECT}}"
)
SHARES = '{distribute: [{from: "*", to: {"eu/*": 100}}]}'
REFUSED = {
    "DYNAMIC_DNS on HTTP2": (
        [entry("*.example.com", "DYNAMIC_DNS", "HTTP2")],
        "a.yaml:6:15: Envoy refuses outbound|80||*.example.com, it may not speak HTTP to hosts that it looks up",
        "must have auto_sni and auto_san_validation",
    ),
    "DYNAMIC_DNS on GRPC": (
        [entry("*.example.com", "DYNAMIC_DNS", "GRPC")],
        "a.yaml:6:15: Envoy refuses outbound|80||*.example.com, it may not speak HTTP to hosts that it looks up",
        "must have auto_sni and auto_san_validation",
    ),
    "DYNAMIC_DNS on HTTP with a pool": (
        [entry("*.example.com", "DYNAMIC_DNS"), rule("*.example.com", "{connectionPool: {http: {idleTimeout: 5s}}}")],
        "a.yaml:6:15: Envoy refuses outbound|80||*.example.com, it may not speak HTTP to hosts that it looks up",
        "must have auto_sni and auto_san_validation",
    ),
    "two endpoints": (
        [RACING],
        "a.yaml:8:14: Envoy refuses outbound|80||a.example.com, it may look up one name and has 2 endpoints",
        "must have a single locality_lb_endpoint and a single lb_endpoint",
    ),
    "distribute": (
        [ROUND_ROBIN, rule("a.example.com", f"{{loadBalancer: {{localityLbSetting: {SHARES}}}}}")],
        "a.yaml:13:111: Envoy refuses outbound|80||a.example.com, distribute leaves it without its only endpoint",
        "must have a single locality_lb_endpoint and a single lb_endpoint",
    ),
}
TAKEN = {
    "DYNAMIC_DNS on HTTP": [entry("*.example.com", "DYNAMIC_DNS")],
    "DYNAMIC_DNS on HTTP2 with TLS": [
        entry("*.example.com", "DYNAMIC_DNS", "HTTP2"),
        rule("*.example.com", "{tls: {mode: SIMPLE}}"),
    ],
    "DNS_ROUND_ROBIN": [ROUND_ROBIN],
    "DNS with two endpoints": [
        entry("a.example.com", "DNS", more="endpoints: [{address: b.example.com}, {address: c.example.com}]")
    ],
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_told(name: str) -> None:
    texts, expected, _ = REFUSED[name]
    told = [str(problem) for problem in compiled(*texts).warnings if "Envoy refuses" in str(problem)]
    assert len(told) == 1
    assert told[0].startswith(expected)


@pytest.mark.parametrize("name", TAKEN)
def test_of_what_envoy_takes_nothing_is_told(name: str) -> None:
    assert not [problem for problem in compiled(*TAKEN[name]).warnings if "Envoy refuses" in str(problem)]


@pytest.mark.lab
@pytest.mark.parametrize("name", REFUSED)
def test_envoy_refuses_it(name: str, tmp_path: Path) -> None:
    texts, _, reason = REFUSED[name]
    done = validate(compiled(*texts).resources, tmp_path)
    assert done.returncode != 0
    assert reason in done.stderr


@pytest.mark.lab
@pytest.mark.parametrize("name", TAKEN)
def test_envoy_takes_it(name: str, tmp_path: Path) -> None:
    assert validate(compiled(*TAKEN[name]).resources, tmp_path).returncode == 0
