"""A DestinationRule for certain pods is meant for other namespaces too.

What it means
A rule with `workloadSelector` is looked at for pods of its own namespace only. Exporting it changes nothing, and in the
root namespace it does not become a rule for the whole mesh.

How we know
The rule has `workloadSelector`, and it is in the root namespace or `exportTo` names other namespaces.

What to do
Put the rule into the namespace of the pods.

Bad:

    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: istio-system
    spec:
      host: api.example.com
      workloadSelector: {matchLabels: {app: web}}
      trafficPolicy: {connectionPool: {tcp: {connectTimeout: 1s}}}

Good:

    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      workloadSelector: {matchLabels: {app: web}}
      trafficPolicy: {connectionPool: {tcp: {connectTimeout: 1s}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for rule in view.manifests.destination_rules:
        namespace = rule.metadata.namespace
        exported = set(rule.export_to) - {".", namespace}
        if rule.workload_selector is not None and (exported or namespace == view.settings.root_namespace):
            message = f"the rule for {rule.host} holds for pods of {namespace} only, for it has a workloadSelector"
            yield Hit(origin=rule.workload_selector.origin, message=message)


RULE = Rule(
    code="UNS514",
    severity=Severity.INFORMATION,
    check=_check,
    why="Rules with a workloadSelector are never exported.",
    fix="Put the rule into the namespace of the pods.",
)
