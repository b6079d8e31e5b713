"""Settings of HTTP/2 on a port that does not speak it.

What it means
`http2KeepAlive` and `maxConcurrentStreams` are applied to a cluster that speaks HTTP/2 for sure. Elsewhere they do not
limit or probe anything.

How we know
The port's protocol is neither HTTP2 nor GRPC, and neither `h2UpgradePolicy` nor the mesh upgrades it.

What to do
Declare HTTP2 or GRPC, write `h2UpgradePolicy: UPGRADE`, or use `tcpKeepalive`.

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
      trafficPolicy: {connectionPool: {http: {maxConcurrentStreams: 100}}}

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
      - {number: 80, name: http2, protocol: HTTP2}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {http: {maxConcurrentStreams: 100}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.destination_rule import H2UpgradePolicy
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.host_port import HostPort, by_port
from unstale.lint.policy import Policy
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_NAMES = {"http2_keep_alive": "http2KeepAlive", "max_concurrent_streams": "maxConcurrentStreams"}


def _check(view: View) -> Iterator[Hit]:
    for port, hosts in by_port(view.external_ports):
        for policy in view.policies(port):
            for attribute, name in _NAMES.items():
                if getattr(policy.http, attribute) is not None and not _speaks_http2(port, policy, view):
                    message = f"{name} does nothing on port {port.number} ({port.protocol}) of {hosts}"
                    yield Hit(origin=origin_of(policy.http, attribute), message=message)


def _speaks_http2(port: HostPort, policy: Policy, view: View) -> bool:
    said = policy.http.h2_upgrade_policy or H2UpgradePolicy.DEFAULT
    if said is H2UpgradePolicy.DEFAULT:
        said = view.settings.h2_upgrade_policy
    return port.protocol.is_http2 or said is H2UpgradePolicy.UPGRADE


RULE = Rule(
    code="UNS406",
    severity=Severity.INFORMATION,
    check=_check,
    why="Istio applies it to clusters that speak HTTP/2 for sure only.",
    fix="Declare HTTP2 or GRPC, or write h2UpgradePolicy: UPGRADE.",
)
