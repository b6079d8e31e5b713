"""What the pod itself decides: how its traffic is redirected, and what it may open."""

from __future__ import annotations

from typing import Any

import pytest

from unstale.envoy.compile import compile as compile_manifests
from unstale.envoy.proxy import Proxy
from unstale.envoy.resource import Kind, Resources
from unstale.istio.load import load
from unstale.istio.mesh_file import load_mesh
from unstale.istio.source import Source

ENTRY = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: a}
spec:
  hosts: [a.example.com]
  ports: [{number: 80, name: http, protocol: HTTP}, {number: 5432, name: pg, protocol: TCP}, {number: 9000, name: any}]
  resolution: DNS
"""


def resources(pod: Proxy, mesh: str = "{}") -> Resources:
    settings = load_mesh(Source(name="mesh.yaml", text=mesh))
    return compile_manifests(load([Source(name="a.yaml", text=ENTRY)]), proxy=pod, mesh=settings).resources


def names(found: Resources, kind: Kind) -> list[str]:
    return sorted(one.name for one in found.of(kind))


def test_without_redirection_the_proxy_opens_the_ports_itself() -> None:  # LI-1, LI-2
    found = resources(Proxy(metadata={"INTERCEPTION_MODE": "NONE"}))
    assert names(found, Kind.LISTENER) == ["127.0.0.1_5432", "127.0.0.1_80", "127.0.0.1_9000"]
    assert names(found, Kind.ROUTE) == ["80", "a.example.com:9000"]
    listener = found.find(Kind.LISTENER, "127.0.0.1_80")
    assert listener is not None
    assert "bind_to_port" not in listener.value
    assert "listener_filters" not in listener.value
    assert "default_filter_chain" not in listener.value
    (chain,) = listener.value["filter_chains"]
    assert "filter_chain_match" not in chain


def test_an_unprivileged_pod_opens_no_port_of_the_system() -> None:
    pod = Proxy(metadata={"INTERCEPTION_MODE": "NONE", "UNPRIVILEGED_POD": "true"})
    assert names(resources(pod), Kind.LISTENER) == ["127.0.0.1_5432", "127.0.0.1_9000"]


@pytest.mark.parametrize(
    ("metadata", "mesh", "expected"),
    [
        ({}, "proxyHttpPort: 15002", "127.0.0.1_15002"),
        ({"HTTP_PROXY_PORT": "15003"}, "proxyHttpPort: 15002", "127.0.0.1_15003"),
        ({"HTTP_PROXY_PORT": "15003"}, "{}", "127.0.0.1_15003"),
    ],
)
def test_the_pod_may_have_its_own_http_proxy_port(metadata: dict[str, str], mesh: str, expected: str) -> None:
    found = resources(Proxy(metadata=metadata), mesh)
    assert expected in names(found, Kind.LISTENER)
    assert "http_proxy" in names(found, Kind.ROUTE)


def test_certificates_of_the_pod_take_the_place_of_the_meshs_own() -> None:
    text = ENTRY + "  location: MESH_INTERNAL\n"
    pod = Proxy(metadata={"TLS_CLIENT_CERT_CHAIN": "/c", "TLS_CLIENT_KEY": "/k", "TLS_CLIENT_ROOT_CERT": "/r"})
    found = compile_manifests(load([Source(name="a.yaml", text=text)]), proxy=pod).resources
    cluster = found.find(Kind.CLUSTER, "outbound|5432||a.example.com")
    assert cluster is not None
    context = cluster.value["transport_socket"]["typed_config"]["common_tls_context"]
    assert context["tls_certificate_sds_secret_configs"][0]["name"] == "file-cert:/c~/k"
    assert context["combined_validation_context"]["validation_context_sds_secret_config"]["name"] == "file-root:/r"


ANY_HOST = "outboundTrafficPolicy: {mode: ALLOW_ANY_DYNAMIC_DNS, tls: TLS}"


@pytest.mark.parametrize(
    ("tls", "is_insecure", "options"),
    [
        ("{mode: DISABLE}", True, None),
        ("{mode: SIMPLE}", False, {"auto_sni": True, "auto_san_validation": True}),
        ("{mode: SIMPLE, sni: x.example.com}", True, {"auto_san_validation": True}),
        ("{mode: SIMPLE, insecureSkipVerify: true}", True, {"auto_sni": True}),
    ],
)
def test_any_host_may_be_reached_by_tls(tls: str, is_insecure: bool, options: dict[str, Any] | None) -> None:  # CL-11
    cluster = resources(Proxy(), ANY_HOST.replace("TLS}", f"{tls}}}")).find(Kind.CLUSTER, "AllowAnyDynamicDNSCluster")
    assert cluster is not None
    config = cluster.value["cluster_type"]["typed_config"]
    assert config.get("allow_insecure_cluster_options", False) is is_insecure
    assert ("transport_socket" in cluster.value) == (options is not None)
    (http,) = cluster.value["typed_extension_protocol_options"].values()
    assert http.get("upstream_http_protocol_options") == options
    assert ("common_http_protocol_options" in http) == (options is None)


def test_the_resolver_of_any_host_is_the_pods_own_where_dns_is_captured() -> None:
    pod = Proxy(metadata={"DNS_CAPTURE": "true", "DNS_PROXY_ADDR": "localhost:15054"})
    cluster = resources(pod, ANY_HOST.replace("TLS}", "{}}")).find(Kind.CLUSTER, "AllowAnyDynamicDNSCluster")
    assert cluster is not None
    cache = cluster.value["cluster_type"]["typed_config"]["dns_cache_config"]
    (resolver,) = cache["typed_dns_resolver_config"]["typed_config"]["resolvers"]
    assert resolver == {"socket_address": {"address": "127.0.0.1", "port_value": 15054}}
