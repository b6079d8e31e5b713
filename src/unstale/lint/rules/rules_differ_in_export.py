"""Two DestinationRules for a host differ in exportTo and are not merged.

What it means
Rules of one host in one namespace are merged, unless they are exported differently. Then only the youngest counts, and
subsets and settings of the other are lost.

How we know
Two rules of one namespace, neither with a `workloadSelector`, are for the same host and differ in `exportTo`.

What to do
Merge them, or give them the same `exportTo`.

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
      name: first
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {http: {idleTimeout: 50s}}}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: second
      namespace: shop
    spec:
      host: api.example.com
      exportTo: ["."]
      trafficPolicy: {outlierDetection: {consecutive5xxErrors: 5}}

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
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy:
        connectionPool: {http: {idleTimeout: 50s}}
        outlierDetection: {consecutive5xxErrors: 5}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.export_to import resolved
from unstale.envoy.service import name_of
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.same_host_rules import same_host_rules
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    default = view.settings.default_destination_rule_export_to
    for older, rule in same_host_rules(view):
        namespace = rule.metadata.namespace
        if resolved(older.export_to, namespace, default) != resolved(rule.export_to, namespace, default):
            told = f"DestinationRule {name_of(older.metadata)} ({older.origin})"
            message = f"exportTo for {rule.host} is not that of {told}, so the two are not merged"
            yield Hit(origin=origin_of(rule, "export_to"), message=message)


RULE = Rule(
    code="UNS530",
    severity=Severity.WARNING,
    check=_check,
    others=("KIA0201",),
    why="Only the youngest counts, what the other says is lost.",
    fix="Merge the two into one rule.",
)
