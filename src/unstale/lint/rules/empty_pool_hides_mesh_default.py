"""An empty connectionPool keeps the mesh's out.

What it means
The mesh's `defaultTrafficPolicy` fills in a block that a rule does not have. `connectionPool: {tcp: {}}` is such a
block, without a single limit in it.

How we know
The mesh has a default `connectionPool`, and a DestinationRule has one in which nothing is set.

What to do
Leave the block out.

Bad:

    # mesh-config: {defaultTrafficPolicy: {connectionPool: {tcp: {maxConnectionDuration: 300s}}}}
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
      trafficPolicy: {connectionPool: {tcp: {}}}

Good:

    # mesh-config: {defaultTrafficPolicy: {connectionPool: {tcp: {maxConnectionDuration: 300s}}}}
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
      trafficPolicy: {outlierDetection: {consecutive5xxErrors: 5}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.destination_rule import ConnectionPoolSettings, HTTPSettings, TCPSettings
from unstale.lint.finding import Severity
from unstale.lint.policy import blocks_of
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    default = view.settings.default_traffic_policy
    if default is None or default.connection_pool is None:
        return
    for rule in view.manifests.destination_rules:
        for where, block in blocks_of(rule):
            pool = block.connection_pool
            if pool is not None and _is_empty(pool) and not where.startswith("subset"):
                message = f"the empty connectionPool for {rule.host} keeps the mesh's limits out"
                yield Hit(origin=pool.origin, message=message)


def _is_empty(pool: ConnectionPoolSettings) -> bool:
    return pool.tcp in (None, TCPSettings()) and pool.http in (None, HTTPSettings())


RULE = Rule(
    code="UNS529",
    severity=Severity.WARNING,
    check=_check,
    needs="mesh",
    why="A block that is there replaces the mesh's as a whole, even where it says nothing.",
    fix="Leave the empty block out.",
)
