from __future__ import annotations

from typing import Any

import pytest

from unstale.envoy.compile import compile as compile_manifests
from unstale.envoy.proxy import Proxy
from unstale.envoy.resource import Kind
from unstale.istio.load import load
from unstale.istio.source import Source

MANIFESTS = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata:
  name: a
  annotations: {networking.istio.io/traffic-distribution: PreferClose}
spec:
  hosts: [a.example.com]
  ports: [{number: 80, name: http, protocol: HTTP}, {number: 9000, name: any}]
  resolution: STATIC
  endpoints: [{address: 192.0.2.1, locality: eu/eu-1/a}, {address: 192.0.2.2, locality: eu/eu-1/b}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: b}
spec:
  hosts: [b.example.com]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: DNS
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: a}
spec:
  host: a.example.com
  trafficPolicy: {connectionPool: {http: {h2UpgradePolicy: UPGRADE}}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: b}
spec:
  host: b.example.com
  trafficPolicy: {tls: {mode: SIMPLE, credentialName: "configmap://default/roots"}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: b}
spec:
  hosts: [b.example.com]
  http: [{route: [{destination: {host: b.example.com}}], mirror: {host: a.example.com}}]
"""
POD = Proxy(locality="eu/eu-1/a")
A, B, SNIFFED = "outbound|80||a.example.com", "outbound|80||b.example.com", "outbound|9000||a.example.com"


def value(istio: str, kind: Kind, name: str) -> dict[str, Any]:
    manifests = load([Source(name="a.yaml", text=MANIFESTS)], istio=istio)
    resource = compile_manifests(manifests, proxy=POD, istio=istio).resources.find(kind, name)
    assert resource is not None
    return resource.value


def has_jitter(istio: str) -> bool:
    cluster = value(istio, Kind.CLUSTER, B)
    assert ("typed_dns_resolver_config" in cluster) == ("dns_jitter" in cluster)
    return "dns_jitter" in cluster


def has_panic_threshold(istio: str) -> bool:
    return "healthy_panic_threshold" in value(istio, Kind.CLUSTER, B).get("common_lb_config", {})


def tracks_remaining(istio: str) -> bool:
    return "track_remaining" in value(istio, Kind.CLUSTER, B)["circuit_breakers"]["thresholds"][0]


def takes_one_connection_a_time(istio: str) -> bool:
    return "max_connections_to_accept_per_socket_event" in value(istio, Kind.LISTENER, "virtualOutbound")


def inspects_tls(istio: str) -> bool:
    return any("tls" in one["name"] for one in value(istio, Kind.LISTENER, "0.0.0.0_80")["listener_filters"])


def knows_absolute_names(istio: str) -> bool:
    return "b.example.com." in value(istio, Kind.ROUTE, "80")["virtual_hosts"][1]["domains"]


def keeps_mirrored_host(istio: str) -> bool:
    (route,) = value(istio, Kind.ROUTE, "80")["virtual_hosts"][1]["routes"]
    return "disable_shadow_host_suffix_append" in route["route"]["request_mirror_policies"][0]


def follows_config_map(istio: str) -> bool:
    return "transport_socket" in value(istio, Kind.CLUSTER, B)


def upgrades_detected_protocol(istio: str) -> bool:
    (options,) = value(istio, Kind.CLUSTER, SNIFFED)["typed_extension_protocol_options"].values()
    return "explicit_http_config" in options


def ranks_sub_zones(istio: str) -> bool:
    return any("priority" in group for group in value(istio, Kind.ENDPOINT, A)["endpoints"])


@pytest.mark.parametrize(
    ("has", "first", "last"),
    [
        (has_jitter, "1.25", "1.32"),
        (has_panic_threshold, "1.31", "1.32"),
        (tracks_remaining, "1.24", "1.28"),
        (takes_one_connection_a_time, "1.26", "1.32"),
        (inspects_tls, "1.24", "1.24"),
        (knows_absolute_names, "1.27", "1.32"),
        (keeps_mirrored_host, "1.28", "1.32"),
        (follows_config_map, "1.26", "1.32"),
        (upgrades_detected_protocol, "1.24", "1.27"),
        (ranks_sub_zones, "1.25", "1.26"),
    ],
)
def test_a_release_does_what_it_did(has: Any, first: str, last: str) -> None:
    releases = [f"1.{minor}" for minor in range(24, 33)]
    doing = [istio for istio in releases if has(istio)]
    assert doing == releases[releases.index(first) : releases.index(last) + 1]
