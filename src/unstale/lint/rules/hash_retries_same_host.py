"""A retry of a hashed request goes to the endpoint that just failed.

What it means
With `consistentHash` on a route with one destination Istio leaves out what makes Envoy choose another endpoint for the
next try. All tries go to the same dead address.

How we know
The route leads to one destination whose policy has `consistentHash`, it is retried, and `retryIgnorePreviousHosts` is
not set.

What to do
Write `retryIgnorePreviousHosts: true` (Istio 1.26 or newer).

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
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      http:
      - retries: {attempts: 2, perTryTimeout: 2s, retryOn: "connect-failure,reset"}
        route: [{destination: {host: api.example.com}}]
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: x-user}}}

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
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      http:
      - retries: {attempts: 2, perTryTimeout: 2s, retryOn: "connect-failure,reset", retryIgnorePreviousHosts: true}
        route: [{destination: {host: api.example.com}}]
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: x-user}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_SINCE = 26


def _check(view: View) -> Iterator[Hit]:
    for route in view.external_routes:
        is_said = route.retries is not None and route.retries.retry_ignore_previous_hosts is not None
        if route.policy is None or len(route.targets) != 1 or is_said:
            continue
        target = route.external[0]
        service = target.service
        assert service is not None
        port = target.port or service.ports[0]
        rule = view.rules_for(view.namespace(route.spec.metadata.namespace)).find(service)
        if view.policy(service, port.number, rule).is_hashed:
            message = f"requests to {target.host} are hashed, so every try goes to the same endpoint"
            fix = "" if view.release.minor >= _SINCE else "Use Istio 1.26 or newer and retryIgnorePreviousHosts: true."
            yield Hit(origin=route.retries_place, message=message, fix=fix)


RULE = Rule(
    code="UNS114",
    severity=Severity.WARNING,
    check=_check,
    why="Istio leaves out the retry predicate that avoids endpoints which have failed.",
    fix="Write retryIgnorePreviousHosts: true.",
)
