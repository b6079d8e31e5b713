from __future__ import annotations

import importlib.resources
import json
import subprocess
from pathlib import Path

import pytest
from case import CASES, Case, id_of
from static_bootstrap import static_bootstrap

from unstale.envoy.compile import compile as compile_manifests
from unstale.envoy.resource import Resources
from unstale.istio.load import load
from unstale.istio.source import Source

pytestmark = pytest.mark.lab

REFUSED = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: site}
spec:
  hosts: [site.example.com]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: DNS
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: site}
spec:
  hosts: [site.example.com]
  http:
  - redirect: {uri: /b, redirectCode: 304}
"""


def validate(resources: Resources, folder: Path) -> subprocess.CompletedProcess[str]:
    binary = importlib.resources.files("envoy") / "_bin" / "envoy"
    bootstrap = folder / "bootstrap.json"
    bootstrap.write_text(json.dumps(static_bootstrap(resources)))
    command = [str(binary), "--mode", "validate", "--log-level", "error", "--config-path", str(bootstrap)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


REFUSED_OF_ISTIO = {
    "ef-cluster-http-options-map-replaced-h2-lost": "upstream_protocol_options",
    "ef-network-filter-insert-order-and-replace": "must be the last filter in a network filter chain",
    "random-01272": "must have auto_sni and auto_san_validation",
    "rt-06-dynamic-dns-wildcard-host": "must have auto_sni and auto_san_validation",
    "rt-16-redirect-unsupported-code-has-no-action": 'field: "action", reason: is required',
}
"""What the stock Envoy refuses although Istio's control plane makes it, and why."""


@pytest.mark.parametrize("case", CASES, ids=id_of)
def test_envoy_accepts_the_configuration(case: Case, tmp_path: Path) -> None:
    done = validate(case.compiled().resources, tmp_path)
    if case.name in REFUSED_OF_ISTIO:
        assert done.returncode != 0
        assert REFUSED_OF_ISTIO[case.name] in done.stderr
    else:
        assert done.returncode == 0, done.stderr[-2000:]


def test_what_envoy_refuses_leads_back_to_its_manifest(tmp_path: Path) -> None:
    compiled = compile_manifests(load([Source(name="site.yaml", text=REFUSED)]))
    done = validate(compiled.resources, tmp_path)
    assert done.returncode != 0
    assert [str(warning.origin) for warning in compiled.warnings] == ["site.yaml:16:39"]
    origins = compiled.resources.routes[0].origins_named_in(done.stderr)
    assert [origin.line for origin in origins] == [2, 10]
