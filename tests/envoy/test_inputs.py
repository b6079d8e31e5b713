"""Texts are judged alike whatever command reads them."""

from __future__ import annotations

import pytest

from unstale.envoy.inputs import Session, Setting, compile_sources
from unstale.istio.source import Source
from unstale.model.errors import ManifestError

PATCH = """\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {{name: a, namespace: istio-system}}
spec:
  configPatches:
  - applyTo: CLUSTER
    match: {{context: SIDECAR_OUTBOUND}}
    patch: {{operation: MERGE, value: {value}}}
"""


def _sources(value: str) -> tuple[Source, ...]:
    return (Source(name="a.yaml", text=PATCH.format(value=value)),)


@pytest.mark.parametrize("value", ["{connect_timeout: 5x}", "{dns_lookup_family: NEVER}", "{name: 5}"])
def test_a_value_that_the_webhook_refuses_is_an_error(value: str) -> None:
    with pytest.raises(ManifestError, match=r"^a\.yaml:8:\d+: "):
        compile_sources(_sources(value), Setting())
    with pytest.raises(ManifestError, match=r"^a\.yaml:8:\d+: "):
        Session(Setting()).compile(_sources(value))


def test_a_field_that_envoy_does_not_have_is_told_once() -> None:
    found = compile_sources(_sources("{never: 1, connect_timeout: 5s}"), Setting())
    told = [str(problem) for problem in found.warnings if "never" in str(problem)]
    assert told == ["a.yaml:8:46: Cluster has no such field (never). It is left out, the rest is applied."]
    assert all(cluster.value["connect_timeout"] == "5s" for cluster in found.resources.clusters)
