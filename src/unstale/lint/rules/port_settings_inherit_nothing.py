"""Settings for a port replace those of the host, they do not add to them.

What it means
A port with an entry in `portLevelSettings` has the blocks of that entry and no others. A time-out or TLS that stands at
the top does not hold there.

How we know
`trafficPolicy` has `connectionPool`, `outlierDetection`, `tls` or a `loadBalancer` that is more than a simple one at
the top, and an entry of `portLevelSettings` lacks that block.

What to do
Repeat the block in the entry.

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
        connectionPool: {tcp: {maxConnectionDuration: 300s}, http: {idleTimeout: 50s}}
        portLevelSettings:
        - port: {number: 80}
          outlierDetection: {consecutive5xxErrors: 5}

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
        connectionPool: {tcp: {maxConnectionDuration: 300s}, http: {idleTimeout: 50s}}
        portLevelSettings:
        - port: {number: 80}
          connectionPool: {tcp: {maxConnectionDuration: 300s}, http: {idleTimeout: 50s}}
          outlierDetection: {consecutive5xxErrors: 5}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.destination_rule import LoadBalancerSettings
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_BLOCKS = {
    "connection_pool": "connectionPool",
    "outlier_detection": "outlierDetection",
    "load_balancer": "loadBalancer",
    "tls": "tls",
}


def _check(view: View) -> Iterator[Hit]:
    for rule in view.manifests.destination_rules:
        for policy in (rule.traffic_policy, *(subset.traffic_policy for subset in rule.subsets)):
            for entry in policy.port_level_settings if policy else ():
                lost = [
                    name
                    for attribute, name in _BLOCKS.items()
                    if _matters(getattr(policy, attribute)) and getattr(entry, attribute) is None
                ]
                if lost:
                    message = f"{' and '.join(lost)} of {rule.host} does not hold on port {entry.port}"
                    yield Hit(origin=entry.origin, message=message)


def _matters(block: object) -> bool:
    """A simple way to balance is replaced by another simple one; nobody notices."""
    if isinstance(block, LoadBalancerSettings):
        return block.consistent_hash is not None or block.locality_lb_setting is not None
    return block is not None


RULE = Rule(
    code="UNS408",
    severity=Severity.WARNING,
    check=_check,
    why="An entry of portLevelSettings replaces the whole policy of the host on that port.",
    fix="Repeat the block in the entry of the port.",
)
