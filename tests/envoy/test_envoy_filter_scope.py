from __future__ import annotations

import pytest
from scoped import compiled, value

from unstale.envoy.proxy import Proxy
from unstale.envoy.resource import Kind

ENTRY = """
kind: ServiceEntry
metadata: {name: a, namespace: shop}
spec:
  hosts: [a.example.com]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: DNS
"""
POD = Proxy(namespace="shop", labels={"app": "web"}, metadata={"FLAVOUR": "blue"})


def envoy_filter(
    jitter: int, name: str = "f", *, namespace: str = "shop", head: str = "", match: str = "", created: int = 0
) -> str:
    dated = f', creationTimestamp: "20{created}-01-01T00:00:00Z"' if created else ""
    return f"""
kind: EnvoyFilter
metadata: {{name: {name}, namespace: {namespace}{dated}}}
spec:
  {head}
  configPatches:
  - applyTo: CLUSTER
    match: {{{match or "context: SIDECAR_OUTBOUND"}}}
    patch: {{operation: MERGE, value: {{dns_jitter: {jitter}s}}}}
"""


def jitter(*filters: str, istio: str = "1.32") -> str:
    result = compiled(ENTRY, *filters, proxy=POD, istio=istio)
    found: str = value(result, Kind.CLUSTER, "outbound|80||a.example.com")["dns_jitter"]
    return found


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(envoy_filter(7), id="own-namespace"),
        pytest.param(envoy_filter(7, namespace="istio-system"), id="root-namespace"),
        pytest.param(envoy_filter(7, head="workloadSelector: {labels: {app: web}}"), id="selector"),
        pytest.param(envoy_filter(7, match="context: ANY"), id="any-context"),
        pytest.param(envoy_filter(7, match="proxy: {proxyVersion: '^1.32.*'}"), id="version"),
        pytest.param(envoy_filter(7, match="proxy: {proxyVersion: '1.(32|33).[[:digit:]]+\\z'}"), id="version-in-RE2"),
        pytest.param(envoy_filter(7, match="proxy: {metadata: {FLAVOUR: blue}}"), id="metadata"),
    ],
)
def test_a_filter_that_fits_is_applied(one: str) -> None:
    assert jitter(one) == "7s"


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(envoy_filter(7, namespace="other"), id="other-namespace"),
        pytest.param(envoy_filter(7, head="workloadSelector: {labels: {app: db}}"), id="selector"),
        pytest.param(envoy_filter(7, head="targetRefs: [{kind: Gateway, name: g}]"), id="gateways-only"),
        pytest.param(envoy_filter(7, match="context: GATEWAY"), id="gateway-context"),
        pytest.param(envoy_filter(7, match="context: SIDECAR_INBOUND"), id="inbound-context"),
        pytest.param(envoy_filter(7, match="proxy: {proxyVersion: '^1.31.*'}"), id="version"),
        pytest.param(envoy_filter(7, match="proxy: {metadata: {FLAVOUR: red}}"), id="metadata"),
    ],
)
def test_a_filter_that_does_not_fit_is_not(one: str) -> None:
    assert jitter(one) == "0.100s"


def test_the_version_is_that_of_the_release_or_of_the_pod() -> None:
    one = envoy_filter(7, match="proxy: {proxyVersion: '^1.30.*'}")
    assert jitter(one, istio="1.30") == "7s"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param(
            [envoy_filter(1, "a", created=24), envoy_filter(2, "b", created=23)], "1s", id="EF-1-the-younger-is-last"
        ),
        pytest.param(
            [envoy_filter(1, "b", created=24), envoy_filter(2, "a", created=24)], "1s", id="EF-1-then-the-name"
        ),
        pytest.param(
            [envoy_filter(1, created=23), envoy_filter(2, namespace="istio-system", created=24)],
            "1s",
            id="EF-1-own-namespace-is-last",
        ),
        pytest.param(
            [envoy_filter(1, created=23), envoy_filter(2, "z", namespace="istio-system", head="priority: 1")],
            "2s",
            id="EF-1-priority-above-all",
        ),
        pytest.param([envoy_filter(1), envoy_filter(2, "z", head="priority: -1")], "1s", id="EF-1-negative-priority"),
    ],
)
def test_the_last_writer_wins(filters: list[str], expected: str) -> None:
    assert jitter(*filters) == expected
    assert jitter(*reversed(filters)) == expected
