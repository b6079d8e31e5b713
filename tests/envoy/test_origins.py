from __future__ import annotations

import pytest

from unstale.envoy.compile import compile as compile_manifests
from unstale.envoy.resource import Kind, Resources
from unstale.istio.load import load
from unstale.istio.source import Source

ENTRIES = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: shop}
spec:
  hosts: [shop.example.com, cart.example.com]
  ports: [{number: 80, name: http, protocol: HTTP}, {number: 443, name: tls, protocol: TLS}]
  resolution: DNS
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: bank}
spec:
  hosts: [bank.example.com]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 192.0.2.1}]
"""
ROUTES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: [shop.example.com]
  http:
  - route: [{destination: {host: bank.example.com, subset: blue}}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: bank}
spec:
  host: bank.example.com
  subsets: [{name: blue, labels: {color: blue}}]
"""
SHOP, BANK, ROUTE, RULE = "entries.yaml:2", "entries.yaml:10", "routes.yaml:2", "routes.yaml:10"


@pytest.fixture(scope="module")
def resources() -> Resources:
    sources = [Source(name="entries.yaml", text=ENTRIES), Source(name="routes.yaml", text=ROUTES)]
    return compile_manifests(load(sources)).resources


@pytest.mark.parametrize(
    ("kind", "name", "part", "expected"),
    [
        (Kind.CLUSTER, "outbound|80||shop.example.com", None, [SHOP]),
        (Kind.CLUSTER, "outbound|80|blue|bank.example.com", None, [BANK, RULE]),
        (Kind.ENDPOINT, "outbound|80||bank.example.com", None, [BANK, RULE]),
        (Kind.ROUTE, "80", None, [BANK, SHOP, ROUTE]),
        (Kind.ROUTE, "80", "shop.example.com:80", [SHOP, ROUTE]),
        (Kind.ROUTE, "80", "cart.example.com:80", [SHOP]),
        (Kind.ROUTE, "80", "outbound|80|blue|bank.example.com", [SHOP, ROUTE]),
        (Kind.LISTENER, "0.0.0.0_443", "outbound|443||cart.example.com", [SHOP]),
        (Kind.CLUSTER, "PassthroughCluster", None, []),
        (Kind.LISTENER, "virtualOutbound", None, []),
        (Kind.CLUSTER, "unheard of", None, []),
        (Kind.ROUTE, "80", "unheard of", []),
    ],
)
def test_each_resource_and_part_knows_its_manifests(
    resources: Resources, kind: Kind, name: str, part: str | None, expected: list[str]
) -> None:
    origins = resources.origins_of(kind, name, part)
    assert [f"{origin.file}:{origin.line}" for origin in origins] == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("virtual host shop.example.com:80 is wrong", [SHOP, ROUTE]),
        ("route: unknown cluster 'outbound|80||bank.example.com'", [BANK]),
        ("Only a single wildcard domain is permitted", [BANK, SHOP, ROUTE]),
    ],
)
def test_a_message_leads_to_the_part_it_names_or_to_all(
    resources: Resources, message: str, expected: list[str]
) -> None:
    route = resources.find(Kind.ROUTE, "80")
    assert route is not None
    assert [f"{origin.file}:{origin.line}" for origin in route.origins_named_in(message)] == expected


def test_names_are_unique_within_a_kind(resources: Resources) -> None:
    for kind in Kind:
        names = [resource.name for resource in resources.of(kind)]
        assert len(names) == len(set(names))
