"""Settings of a DestinationRule that meet each other in one cluster."""

from __future__ import annotations

from typing import Any

import pytest

from unstale.envoy.inputs import Setting, compile_sources
from unstale.istio.source import Source

ENTRY = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: a}
spec:
  hosts: [a.example.com]
  resolution: DNS
  ports: [{number: 80, name: http, protocol: HTTP}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: a}
spec: {host: a.example.com, trafficPolicy: %s}
"""
MESH = "defaultConfig: {proxyHeaders: {preserveHttp1HeaderCase: true}}\nh2UpgradePolicy: UPGRADE\n"
WARMUP = "warmup: {duration: 30s}"


def cluster(policy: str) -> dict[str, Any]:
    setting = Setting(mesh=Source(name="mesh.yaml", text=MESH))
    found = compile_sources((Source(name="a.yaml", text=ENTRY % policy),), setting)
    return next(one.value for one in found.resources.clusters if one.name.endswith("a.example.com"))


@pytest.mark.parametrize(
    ("settings", "policy", "kept"),
    [
        (f"{{{WARMUP}, simple: ROUND_ROBIN}}", None, "round_robin_lb_config"),
        (f"{{{WARMUP}, consistentHash: {{useSourceIp: true}}}}", "RING_HASH", "ring_hash_lb_config"),
        (
            f"{{{WARMUP}, consistentHash: {{useSourceIp: true, ringHash: {{minimumRingSize: 5}}}}}}",
            "RING_HASH",
            "ring_hash_lb_config",
        ),
        (
            f"{{{WARMUP}, consistentHash: {{useSourceIp: true, maglev: {{tableSize: 7}}}}}}",
            "MAGLEV",
            "maglev_lb_config",
        ),
        (
            f"{{{WARMUP}, consistentHash: {{useSourceIp: true, ringHash: {{}}}}}}",
            "RING_HASH",
            "least_request_lb_config",
        ),
    ],
)
def test_a_cluster_has_one_configuration_of_its_balancer(settings: str, policy: str | None, kept: str) -> None:
    """LB-1: the hash's takes the place of the warm-up's, where it has one."""
    value = cluster(f"{{loadBalancer: {settings}}}")
    assert value.get("lb_policy") == policy
    assert [name for name in value if name.endswith("_lb_config") and name != "common_lb_config"] == [kept]


@pytest.mark.parametrize(
    ("written", "percent"), [("", {"value": 10}), (", minimumPercent: 0", {}), (", minimumPercent: 1", {"value": 1})]
)
def test_the_least_share_while_warming_up(written: str, percent: dict[str, int]) -> None:
    """Zero is not the same as unset."""
    value = cluster(f"{{loadBalancer: {{simple: LEAST_REQUEST, warmup: {{duration: 30s{written}}}}}}}")
    assert value["least_request_lb_config"]["slow_start_config"]["min_weight_percent"] == percent


def test_whoever_follows_the_client_is_not_upgraded() -> None:
    """CL-8: useClientProtocol comes before the mesh's h2UpgradePolicy, and what was set for HTTP/1.1 stays."""
    value = cluster("{connectionPool: {http: {useClientProtocol: true}}}")
    (options,) = value["typed_extension_protocol_options"].values()
    assert list(options["use_downstream_protocol_config"]["http_protocol_options"]) == ["header_key_format"]
    assert "explicit_http_config" not in options
