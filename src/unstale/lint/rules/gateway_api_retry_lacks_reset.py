"""Retries of an HTTPRoute do not cover a broken connection.

What it means
Istio turns `retry` of a Gateway API HTTPRoute into `connect-failure,refused-stream,unavailable,cancelled` and the codes
that are listed. A connection that is cut after the request was sent is not among them.

How we know
An HTTPRoute has `retry` and leads to a `Hostname` or is attached to a ServiceEntry, so the host is external.

What to do
Use a VirtualService for this host, or `defaultHttpRetryPolicy` of the mesh and no `retry` in the route.

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
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    metadata: {name: api, namespace: shop}
    spec:
      parentRefs: [{group: networking.istio.io, kind: ServiceEntry, name: api}]
      rules:
      - retry: {attempts: 3, codes: [503]}
        backendRefs: [{group: networking.istio.io, kind: Hostname, name: api.example.com, port: 80}]

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
    ---
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    metadata: {name: api, namespace: shop}
    spec:
      parentRefs: [{group: networking.istio.io, kind: ServiceEntry, name: api}]
      rules:
      - backendRefs: [{group: networking.istio.io, kind: Hostname, name: api.example.com, port: 80}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.surroundings import Tree
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for route in view.surroundings.of("HTTPRoute"):
        spec = route.tree.find("spec")
        is_attached = any(parent.find("kind").text == "ServiceEntry" for parent in spec.find("parentRefs").items())
        for rule in spec.find("rules").items():
            retry = rule.find("retry")
            if retry and (is_attached or _is_external(rule)):
                message = f"retry of HTTPRoute {route.name} does not cover a connection that breaks"
                yield Hit(origin=retry.origin, message=message)


def _is_external(rule: Tree) -> bool:
    return any(ref.find("kind").text == "Hostname" for ref in rule.find("backendRefs").items())


RULE = Rule(
    code="UNS116",
    severity=Severity.WARNING,
    check=_check,
    why="Istio makes no reset of it: what breaks after the request was sent ends with 503 UC.",
    fix="Use a VirtualService, or the mesh's defaultHttpRetryPolicy and no retry here.",
)
