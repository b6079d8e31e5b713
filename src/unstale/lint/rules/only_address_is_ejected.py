"""Outlier detection can take the only address away.

What it means
When the only address is ejected, there is nothing left to try, and every request ends with 503 UH until the ejection
is over, although most might have succeeded.

How we know
`outlierDetection` with `maxEjectionPercent: 100` and without `minHealthPercent` holds for a host that has one address:
one endpoint in the ServiceEntry, or one in DNS (asked with `--dns`). With less than 100 Envoy keeps the last one.

What to do
Leave `maxEjectionPercent` at its 10 %, or write `minHealthPercent: 50`, with which all are used when too few are left.

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
      resolution: STATIC
      ports:
      - {number: 80, name: http, protocol: HTTP}
      endpoints: [{address: 192.0.2.1}]
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {outlierDetection: {consecutive5xxErrors: 5, maxEjectionPercent: 100}}

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
      resolution: STATIC
      ports:
      - {number: 80, name: http, protocol: HTTP}
      endpoints: [{address: 192.0.2.1}]
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {outlierDetection: {consecutive5xxErrors: 5, maxEjectionPercent: 100, minHealthPercent: 50}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.address_count import address_count
from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_EVERYTHING = 100


def _check(view: View) -> Iterator[Hit]:
    for port, hosts in by_port(view.external_ports):
        for policy in view.policies(port):
            outlier = policy.traffic.outlier_detection
            if outlier is None or outlier.max_ejection_percent != _EVERYTHING or outlier.min_health_percent:
                continue
            if address_count(port, view) == 1:
                message = f"{hosts} has one address, and all of them may be ejected"
                yield Hit(origin=outlier.origin, message=message)


RULE = Rule(
    code="UNS410",
    severity=Severity.WARNING,
    check=_check,
    why="With its only address ejected the host answers 503 UH until baseEjectionTime is over.",
    fix="Leave maxEjectionPercent out, or write minHealthPercent: 50.",
)
