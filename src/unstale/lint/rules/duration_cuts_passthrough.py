"""The age limit cuts requests that are under way.

What it means
On an HTTP connection `maxConnectionDuration` waits for the request that is running. On one that passes through, the
sidecar sees no requests and closes it at the limit, in the middle of an answer.

How we know
`maxConnectionDuration` at the top of the DestinationRule holds on a port with protocol HTTPS, TLS or TCP. Measured: a
limit of 2 s cut a request of 5 s at 2.0 s.

What to do
Use `idleTimeout` there, or make sure that the application repeats what is cut.

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
      - {number: 443, name: tls, protocol: TLS}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {tcp: {maxConnectionDuration: 300s}}}

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
      - {number: 443, name: tls, protocol: TLS}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {tcp: {idleTimeout: 50s}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for port, hosts in by_port(view.external_opaque):
        for policy in view.policies(port):
            top = policy.rule.traffic_policy if policy.rule else None
            tcp = top.connection_pool.tcp if top and top.connection_pool else None
            if tcp is not None and tcp.max_connection_duration is not None:
                limit = tcp.max_connection_duration.seconds
                message = f"connections to {hosts}, port {port.number}, are cut after {limit:g} s, requests or not"
                yield Hit(origin=origin_of(tcp, "max_connection_duration"), message=message)


RULE = Rule(
    code="UNS404",
    severity=Severity.WARNING,
    check=_check,
    why="The sidecar sees no requests in what passes through, so it cannot wait for one to end.",
    fix="Use idleTimeout, or let the application repeat what is cut.",
)
