"""A rule for some pods leaves the others without any.

What it means
A DestinationRule for exactly this host hides wider rules, and those of other namespaces, also for pods that its
`workloadSelector` does not match. Those pods get no rule at all.

How we know
The rule has a `workloadSelector`, its namespace has no rule for the same host without one, and a wider rule, or one of
the host's own namespace, exists. With `--proxy` only if its labels do not match.

What to do
Add a rule without selector for the same host.

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
      name: all
      namespace: shop
    spec:
      host: "*.example.com"
      trafficPolicy: {connectionPool: {http: {idleTimeout: 50s}}}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      workloadSelector: {matchLabels: {app: web}}
      trafficPolicy: {connectionPool: {http: {idleTimeout: 10s}}}

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
    kind: DestinationRule
    metadata:
      name: all
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {http: {idleTimeout: 50s}}}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: web
      namespace: shop
    spec:
      host: api.example.com
      workloadSelector: {matchLabels: {app: web}}
      trafficPolicy: {connectionPool: {http: {idleTimeout: 10s}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.host import fqdn
from unstale.istio.destination_rule import DestinationRule
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for rule in view.manifests.destination_rules:
        selector, namespace = rule.workload_selector, rule.metadata.namespace
        if selector is None or rule.host.startswith("*"):
            continue
        if view.proxy is not None and (view.proxy.namespace != namespace or view.proxy.matches(selector.match_labels)):
            continue
        host = fqdn(rule.host, namespace)
        hidden = _hidden(host, namespace, view)
        if hidden is not None:
            told = f"the rule for {hidden.host} ({hidden.origin})"
            yield Hit(origin=rule.origin, message=f"pods that this rule for {rule.host} does not select lose {told}")


def _hidden(host: str, namespace: str, view: View) -> DestinationRule | None:
    """A wider rule here, or one of the host's namespace or the root; None where another rule stands in."""
    same = [one for one in view.destination_rules_by_host.get(host, ()) if one.workload_selector is None]
    if any(one.metadata.namespace == namespace for one in same):
        return None
    around = [one for found in view.rules_around(host) for one in found if one.workload_selector is None]
    service = view.find(host, namespace)
    homes = {namespace, view.settings.root_namespace, service.namespace if service else namespace}
    return next((one for one in (*around, *same) if one.metadata.namespace in homes), None)


RULE = Rule(
    code="UNS528",
    severity=Severity.WARNING,
    check=_check,
    why="A rule for exactly this host ends the look-up, whether or not it selects the pod.",
    fix="Add a rule without workloadSelector for the same host.",
)
