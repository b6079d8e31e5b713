"""A retry budget does not reach ports with settings of their own.

What it means
The retries of that port are not bounded, although the DestinationRule says so.

How we know
The rule has `retryBudget` at the top and `portLevelSettings` for a port. Istio copies four blocks of an entry for a
port and nothing else, and `portLevelSettings` has no `retryBudget`.

What to do
Move the settings of the port to the top, or give the port's host a rule of its own.

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
      trafficPolicy:
        retryBudget: {percent: 20}
        portLevelSettings:
        - port: {number: 80}
          connectionPool: {tcp: {connectTimeout: 1s}}

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
        retryBudget: {percent: 20}
        connectionPool: {tcp: {connectTimeout: 1s}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for rule in view.manifests.destination_rules:
        for policy in (rule.traffic_policy, *(subset.traffic_policy for subset in rule.subsets)):
            if policy is not None and policy.retry_budget is not None:
                for entry in policy.port_level_settings:
                    message = f"the retryBudget of {rule.host} does not hold on port {entry.port}"
                    yield Hit(origin=entry.origin, message=message)


RULE = Rule(
    code="UNS113",
    severity=Severity.WARNING,
    check=_check,
    why="An entry of portLevelSettings replaces the policy of the host, and it cannot hold a retryBudget.",
    fix="Move the settings of the port to the top of trafficPolicy.",
)
