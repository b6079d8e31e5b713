"""A second DestinationRule for the host changes nothing.

What it means
Rules of one host in one namespace are merged, but only subsets add up. The `trafficPolicy` of the oldest that has one
counts as a whole, and a subset's name counts once.

How we know
Two rules of one namespace with the same `exportTo` are for the same host, and both have a `trafficPolicy`, or both have
a subset of one name.

What to do
Merge them into one rule.

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
      subsets: [{name: plain}]
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
            continue
        told = f"DestinationRule {name_of(older.metadata)} ({older.origin})"
        if older.traffic_policy is not None and rule.traffic_policy is not None:
            message = f"trafficPolicy for {rule.host} has no effect, {told} has one"
            yield Hit(origin=origin_of(rule, "traffic_policy"), message=message)
        names = {subset.name for subset in older.subsets}
        for subset in rule.subsets:
            if subset.name in names:
                message = f"subset {subset.name} of {rule.host} has no effect, {told} has it too"
                yield Hit(origin=subset.origin, message=message)


RULE = Rule(
    code="UNS539",
    severity=Severity.WARNING,
    check=_check,
    others=("KIA0201",),
    why="Of several rules the trafficPolicy of the oldest counts as a whole, and a subset's name once.",
    fix="Merge the two into one rule.",
)
