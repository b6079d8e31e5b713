"""The number of connections is limited for the pod, but each worker has a pool of its own.

What it means
Envoy's workers do not share connections. With four workers a limit of 4 may leave a worker without any, whose requests
wait although others are idle.

How we know
`maxConnections` for an external host is below 8. How many workers there are (`concurrency`) is the pod's business.

What to do
Make the limit several times the number of workers.

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
      trafficPolicy: {connectionPool: {tcp: {maxConnections: 2}}}

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
      trafficPolicy: {connectionPool: {tcp: {maxConnections: 100}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_FEW = 8


def _check(view: View) -> Iterator[Hit]:
    for port, hosts in by_port(view.request_ports):
        for policy in view.policies(port):
            limit = policy.tcp.max_connections
            if limit is not None and 0 < limit < _FEW:
                message = f"maxConnections {limit} to {hosts} is shared by the workers, the connections are not"
                yield Hit(origin=origin_of(policy.tcp, "max_connections"), message=message)


RULE = Rule(
    code="UNS413",
    severity=Severity.INFORMATION,
    check=_check,
    why="Each of Envoy's workers has connections of its own; one may get none.",
    fix="Write a maxConnections of several times the pod's concurrency.",
)
