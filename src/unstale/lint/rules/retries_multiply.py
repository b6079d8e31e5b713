"""An outage multiplies the load, for nothing bounds the retries.

What it means
With N attempts a server in trouble gets up to N + 1 times its load. If the application, the sidecar and an egress
gateway each retry three times, it is 4 x 4 x 4 = 64 times.

How we know
`attempts` is above 3 with neither a `backoff` of its own (Envoy's is 25 ms) nor a `retryBudget` or `maxRetries` in the
DestinationRule; or the same host is retried by a rule for sidecars and by one for a gateway.

What to do
Fewer attempts, a longer `backoff`, a `retryBudget` (Istio 1.27 or newer) or `maxRetries`; retry in one place only.

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
      - timeout: 30s
        retries: {attempts: 10, perTryTimeout: 2s, retryOn: "connect-failure,reset"}
        route: [{destination: {host: api.example.com}}]

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
      - timeout: 30s
        retries: {attempts: 10, backoff: 100ms, perTryTimeout: 2s, retryOn: "connect-failure,reset"}
        route: [{destination: {host: api.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.virtual_services import MESH_GATEWAY
from unstale.lint.finding import Severity
from unstale.lint.route import Route
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_MOST_TRIES = 4


def _check(view: View) -> Iterator[Hit]:
    for route in view.external_routes:
        if route.retries is None or not route.has_own_retries:
            continue
        if route.tries > _MOST_TRIES and route.retries.backoff is None and not _is_bounded(route, view):
            message = f"up to {route.tries} tries for each request to {route.names}, and nothing bounds them"
            yield Hit(origin=route.retries_place, message=message)
    yield from _on_both_hops(view)


def _is_bounded(route: Route, view: View) -> bool:
    viewer = view.namespace(route.spec.metadata.namespace)
    for target in route.external:
        service = target.service
        assert service is not None
        rule = view.rules_for(viewer).find(service)
        policies = [view.policy(service, port.number, rule) for port in service.ports]
        if not all(policy.http.max_retries or policy.traffic.retry_budget for policy in policies):
            return False
    return True


def _on_both_hops(view: View) -> Iterator[Hit]:
    """Hosts of one VirtualService for both, whose rule for sidecars leads to the gateway and retries as well."""
    for spec in view.virtual_services:
        if MESH_GATEWAY not in spec.gateways or len(spec.gateways) < 2:
            continue
        rules = [rule for rule in spec.http if rule.retries is not None and (rule.retries.attempts or 0) > 1]
        mesh = [rule for rule in rules if any(match.gateways == (MESH_GATEWAY,) for match in rule.match)]
        others = [r for r in rules if any(m.gateways and MESH_GATEWAY not in m.gateways for m in r.match)]
        if mesh and others and mesh[0].retries and others[0].retries:
            one, other = 1 + (mesh[0].retries.attempts or 0), 1 + (others[0].retries.attempts or 0)
            message = f"the sidecar tries {one} times and the gateway {other} times each: {one * other} tries a request"
            yield Hit(origin=others[0].retries.origin, message=message, fix="Retry on one of the two hops only.")


RULE = Rule(
    code="UNS112",
    severity=Severity.WARNING,
    check=_check,
    why="When a host is in trouble, each request becomes many, and the retries keep it in trouble.",
    fix="Write backoff: 100ms, or a retryBudget or maxRetries in the DestinationRule, or fewer attempts.",
)
