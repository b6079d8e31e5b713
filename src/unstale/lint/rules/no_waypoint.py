"""In ambient mode nobody applies rules for HTTP.

What it means
Pods in ambient mode have ztunnel, which carries connections and reads no requests. Retries, time-outs and limits of
HTTP need a waypoint that the host is bound to, and they must stand in the namespace of that host.

How we know
The namespace of these files has `istio.io/dataplane-mode: ambient`; a VirtualService, DestinationRule,
RequestAuthentication, WasmPlugin or Telemetry in it asks for HTTP features; and neither the host (its ServiceEntry or
Service) nor its namespace has the label `istio.io/use-waypoint`. Hosts that are not in these files are left out.

What to do
Deploy a waypoint and label the ServiceEntry, Service or namespace; put the rules beside the host.

Bad:

    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
    ---
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
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      http:
      - retries: {attempts: 2, perTryTimeout: 2s, retryOn: reset}
        route: [{destination: {host: api.example.com}}]

Good:

    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
    ---
    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
      labels: {istio.io/use-waypoint: egress}
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      http:
      - retries: {attempts: 2, perTryTimeout: 2s, retryOn: reset}
        route: [{destination: {host: api.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from unstale.envoy.host import fqdn
from unstale.istio.destination_rule import DestinationRule
from unstale.lint.finding import Severity
from unstale.lint.policy import blocks_of
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View, is_for_mesh
from unstale.model.origin import Origin

_MODE = "istio.io/dataplane-mode"
_WAYPOINT = "istio.io/use-waypoint"
_LABELS = Mapping[str, str]


def _check(view: View) -> Iterator[Hit]:
    namespaces = {one.name: one.labels for one in view.surroundings.of("Namespace")}
    ambient = {name for name, labels in namespaces.items() if labels.get(_MODE) == "ambient"}
    if not ambient:
        return
    services = {f"{one.name}.{one.namespace}.svc.cluster.local": one for one in view.surroundings.of("Service")}
    served = {host: (one.namespace, one.labels) for host, one in services.items()}
    served |= {port.key: (port.service.namespace, port.entry.metadata.labels) for port in view.ports}
    for kind, name, namespace, host, origin in _rules(view):
        if namespace not in ambient or host not in served:
            continue
        owner, labels = served[host]
        if _is_bound(labels, namespaces.get(owner, {})):
            if owner != namespace:
                message = f"{kind} {name} is not in the namespace of {host} ({owner}), so its waypoint ignores it"
                yield Hit(origin=origin, message=message)
        else:
            yield Hit(origin=origin, message=f"{kind} {name} needs a waypoint for {host}, and none is bound to it")
    for one in view.surroundings.of("RequestAuthentication", "WasmPlugin", "Telemetry"):
        is_bound = _is_bound({}, namespaces.get(one.namespace, {})) or one.tree.find("spec", "targetRefs")
        if one.namespace in ambient and not is_bound:
            message = f"{one.kind} {one.name} needs a waypoint, and {one.namespace} has none"
            yield Hit(origin=one.tree.origin, message=message)


def _rules(view: View) -> Iterator[tuple[str, str, str, str, Origin]]:
    """Kind, name, namespace, host and place of each that asks for HTTP features."""
    for spec in view.virtual_services:
        if spec.http and is_for_mesh(spec):
            for host in spec.hosts:
                namespace = spec.metadata.namespace
                yield "VirtualService", spec.metadata.name, namespace, fqdn(host, namespace), spec.origin
    for rule in view.manifests.destination_rules:
        if _is_for_http(rule):
            namespace = rule.metadata.namespace
            yield "DestinationRule", rule.metadata.name, namespace, fqdn(rule.host, namespace), rule.origin


def _is_for_http(rule: DestinationRule) -> bool:
    return bool(rule.subsets) or any(
        block.outlier_detection or block.load_balancer or (block.connection_pool and block.connection_pool.http)
        for _, block in blocks_of(rule)
    )


def _is_bound(labels: _LABELS, of_namespace: _LABELS) -> bool:
    name = labels.get(_WAYPOINT) or of_namespace.get(_WAYPOINT) or "none"
    return name.lower() != "none"


RULE = Rule(
    code="UNS513",
    severity=Severity.WARNING,
    check=_check,
    others=(
        *("KIA0210", "KIA0211", "KIA0212", "KIA1109"),
        *("KIA1110", "KIA1111", "KIA1112", "KIA1113", "KIA1114"),
    ),
    why="ztunnel reads no requests; without a waypoint nobody applies rules for HTTP.",
    fix="Label the ServiceEntry with istio.io/use-waypoint, and put the rules into its namespace.",
)
