"""The mesh's limits of age and idleness do not reach PassthroughCluster.

What it means
Hosts that no ServiceEntry is for go through PassthroughCluster, which keeps its own 5 minutes and no limit of age.
`defaultTrafficPolicy` of the mesh sets connection counts and connect time-out there, and nothing else.

How we know
The MeshConfig has `defaultTrafficPolicy` with `idleTimeout`, `maxConnectionDuration` or `maxRequestsPerConnection`.
Istio writes those into a part of the cluster that it throws away.

What to do
Write `connectionSettings` with `httpMaxConnectionDuration` in `defaultConfig`, or ServiceEntries for the hosts.

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

Good:

    # mesh-config: {defaultConfig: {connectionSettings: {httpMaxConnectionDuration: 300s}}}
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
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.destination_rule import HTTPSettings, TCPSettings
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_NAMES = {
    "max_connection_duration": "maxConnectionDuration",
    "idle_timeout": "idleTimeout",
    "max_requests_per_connection": "maxRequestsPerConnection",
}


def _check(view: View) -> Iterator[Hit]:
    policy = view.settings.default_traffic_policy
    pool = policy.connection_pool if policy else None
    connections = view.settings.default_config.connection_settings
    if pool is None or (connections is not None and connections.http_max_connection_duration is not None):
        return
    for half in (pool.tcp or TCPSettings(), pool.http or HTTPSettings()):
        for attribute, name in _NAMES.items():
            if getattr(half, attribute, None) is not None:
                message = f"{name} of defaultTrafficPolicy does not hold for hosts without a ServiceEntry"
                yield Hit(origin=origin_of(half, attribute), message=message)


RULE = Rule(
    code="UNS409",
    severity=Severity.WARNING,
    check=_check,
    needs="mesh",
    why="PassthroughCluster gets connection counts, keepalive and connect time-out of it, nothing else.",
    fix="Write defaultConfig.connectionSettings.httpMaxConnectionDuration, or ServiceEntries.",
)
