"""MeshConfig comes from every file that people have it in, with the places of that file."""

from __future__ import annotations

import pytest

from unstale.istio.duration import Duration
from unstale.istio.mesh import MeshConfig, NormalizationType, OutboundTrafficPolicyMode, ProxyPathNormalization
from unstale.istio.mesh_file import load_mesh
from unstale.istio.message import origin_of
from unstale.istio.proxy_config import ConnectionProfile
from unstale.istio.source import Source
from unstale.model.errors import ManifestError

BARE = """\
# of the whole mesh
connectTimeout: 3s
accessLogFile: /dev/stdout
outboundTrafficPolicy: {mode: REGISTRY_ONLY}
pathNormalization: {normalization: MERGE_SLASHES}
defaultConfig:
  discoveryAddress: istiod.istio-system.svc:15012
  proxyMetadata: {DNS_CAPTURE: "true"}
  connectionSettings: {profile: EDGE, httpIdleTimeout: 240s}
"""


def _indented(text: str, by: int) -> str:
    return "".join(" " * by + line for line in text.splitlines(keepends=True))


CONFIG_MAP = f"""\
apiVersion: v1
kind: ConfigMap
metadata: {{name: istio, namespace: istio-system}}
data:
  mesh: |-
{_indented(BARE, 4)}
  meshNetworks: "networks: {{}}"
"""
OPERATOR = f"""\
apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
spec:
  profile: default
  meshConfig:
{_indented(BARE, 4)}"""
VALUES = f"pilot: {{}}\nmeshConfig:\n{_indented(BARE, 2)}"


def _mesh(text: str) -> MeshConfig:
    return load_mesh(Source(name="mesh.yaml", text=text))


def _faults(text: str) -> str:
    with pytest.raises(ManifestError) as told:
        _mesh(text)
    return str(told.value)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [(BARE, 2, 17), (CONFIG_MAP, 7, 21), (OPERATOR, 7, 21), (VALUES, 4, 19)],
    ids=["bare", "ConfigMap", "IstioOperator", "chart values"],
)
def test_the_same_settings_are_read_at_their_own_places(text: str, line: int, column: int) -> None:
    mesh = _mesh(text)
    settings = mesh.default_config.connection_settings

    assert mesh.connect_timeout == Duration.parse("3s")
    assert mesh.outbound_traffic_policy.mode is OutboundTrafficPolicyMode.REGISTRY_ONLY
    assert mesh.path_normalization == ProxyPathNormalization(normalization=NormalizationType.MERGE_SLASHES)
    assert mesh.default_config.proxy_metadata == {"DNS_CAPTURE": "true"}
    assert settings is not None and settings.profile is ConnectionProfile.EDGE
    assert str(origin_of(mesh, "connect_timeout")) == f"mesh.yaml:{line}:{column}"


@pytest.mark.parametrize("text", ["", "---\n# nothing\n", "{}", "kind: ConfigMap\ndata: {mesh: ''}"])
def test_nothing_means_istios_defaults(text: str) -> None:
    assert _mesh(text) == MeshConfig()


def test_a_quoted_config_map_is_read_too() -> None:
    assert _mesh('kind: ConfigMap\ndata:\n  mesh: "connectTimeout: 4s\\n"').connect_timeout == Duration.parse("4s")


def test_null_is_the_same_as_nothing() -> None:
    assert _mesh("tcpKeepalive: null\nconnectTimeout: null") == MeshConfig()


def test_an_empty_block_is_not_the_default_block() -> None:
    assert _mesh("outboundTrafficPolicy: {}").outbound_traffic_policy.mode is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "connectTimeOut: 3s",
            'mesh.yaml:1:1: unknown field in MeshConfig (connectTimeOut). Did you mean "connectTimeout"',
        ),
        ("connectTimeout: 3", "mesh.yaml:1:17: connectTimeout is a number (3). Write 3s or 3000ms."),
        ("connectTimeout: 0s", "mesh.yaml:1:17: connectTimeout is too short (0s). At least 1ms is allowed."),
        ("proxyListenPort: 0", "mesh.yaml:1:18: proxyListenPort is out of range (0). 1 to 65535 are allowed."),
        ("trustDomainAliases: [null]", "mesh.yaml:1:22: item of trustDomainAliases is empty (null)."),
        ("- a", "mesh.yaml:1:1: the file is no map of mesh settings."),
        ("a: [", "mesh.yaml:1:5: not readable as YAML"),
        ("a: 1\n---\nb: 2", "mesh.yaml:3:1: a second document. Write one document alone."),
        ("kind: ConfigMap\ndata: {}", "mesh.yaml:2:7: data.mesh is missing."),
        ("kind: ConfigMap\ndata: {mesh: [a]}", "mesh.yaml:2:14: data.mesh is no text."),
        ("kind: Deployment", "mesh.yaml:1:7: kind Deployment holds no mesh settings."),
        ("kind: ConfigMap\ndata:\n  mesh: |\n    connectTimeout: 3\n", "mesh.yaml:4:21: connectTimeout is a number"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(text: str, told: str) -> None:
    assert told in _faults(text)
