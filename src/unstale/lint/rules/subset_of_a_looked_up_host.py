"""A subset of a host that is looked up has no endpoints.

What it means
Labels belong to endpoints, and a host that DNS finds has none that carry labels. The cluster of the subset is not made
at all, and requests to it end with 503 NC.

How we know
A DestinationRule has a subset with labels for a ServiceEntry with resolution DNS or DNS_ROUND_ROBIN, and no endpoint of
the ServiceEntry has these labels.

What to do
Write the host's name as an endpoint that has the labels, or leave the subset out.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      subsets: [{name: v1, labels: {version: v1}}]

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}
      endpoints: [{address: api.example.com, labels: {version: v1}}]
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      subsets: [{name: v1, labels: {version: v1}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.service import DNS, Service
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for host, rules in view.destination_rules_by_host.items():
        for rule in rules:
            service = view.find(host, view.namespace(rule.metadata.namespace))
            if service is None or service.resolution not in DNS or service.entry.workload_selector:
                continue
            for subset in rule.subsets:
                if subset.labels and not _has_endpoint(service, dict(subset.labels)):
                    told = ", ".join(f"{name}={value}" for name, value in subset.labels.items())
                    message = f"subset {subset.name} of {rule.host} asks for {told}, which no endpoint has"
                    yield Hit(origin=subset.origin, message=message)


def _has_endpoint(service: Service, labels: dict[str, str]) -> bool:
    return any(labels.items() <= endpoint.labels.items() for endpoint in service.entry.endpoints)


RULE = Rule(
    code="UNS311",
    severity=Severity.ERROR,
    check=_check,
    others=("KIA0203",),
    why="Istio makes no cluster for it: 503 NC.",
    fix="Write the name as an endpoint with these labels, or leave the labels out.",
)
