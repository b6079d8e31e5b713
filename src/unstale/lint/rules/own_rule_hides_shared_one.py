"""A DestinationRule of the client's namespace hides the shared one as a whole.

What it means
Istio takes the rules of the first namespace that has any for the host: the client's, the host's, the root namespace.
They are never merged, so what the shared rule says of TLS or connections does not hold for these clients.

How we know
The host's ServiceEntry is in another namespace, which (or the root namespace) has a rule for the host too, exported to
this one; and that rule has blocks which this one lacks.

What to do
Copy all fields, or remove the rule here.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: egress
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
      namespace: egress
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {http: {idleTimeout: 50s}}, tls: {mode: SIMPLE}}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {http: {idleTimeout: 50s}}}

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: egress
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
      namespace: egress
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {http: {idleTimeout: 50s}}, tls: {mode: SIMPLE}}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {http: {idleTimeout: 10s}}, tls: {mode: SIMPLE}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.destination_rules import Rule as Merged
from unstale.envoy.host import fqdn
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_BLOCKS = {
    "connection_pool": "connectionPool",
    "outlier_detection": "outlierDetection",
    "load_balancer": "loadBalancer",
    "tls": "tls",
}


def _check(view: View) -> Iterator[Hit]:
    for rule in view.manifests.destination_rules:
        namespace = rule.metadata.namespace
        service = view.find(fqdn(rule.host, namespace), namespace)
        if service is None or service.namespace == namespace or rule.workload_selector is not None:
            continue
        shared = view.shared_rule(service, namespace)
        lost = [name for block, name in _BLOCKS.items() if _has(shared, block) and not _says(rule, block)]
        if shared is not None and lost:
            told = f"{' and '.join(lost)} of DestinationRule {shared.namespace}/{shared.name} ({shared.origins[0]})"
            yield Hit(origin=rule.origin, message=f"pods of {namespace} do not get {told}: this rule hides it")


def _has(rule: Merged | None, block: str) -> bool:
    return rule is not None and getattr(rule.traffic_policy, block, None) is not None


def _says(rule: object, block: str) -> bool:
    return getattr(getattr(rule, "traffic_policy", None), block, None) is not None


RULE = Rule(
    code="UNS506",
    severity=Severity.WARNING,
    check=_check,
    why="The look-up stops at the first namespace that has a rule for the host; rules are never merged across.",
    fix="Copy the missing blocks, or remove this rule.",
)
