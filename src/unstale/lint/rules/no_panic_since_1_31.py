"""When all addresses are ejected, nothing is tried any more.

What it means
Up to Istio 1.30 a cluster without `minHealthPercent` of its own could fall back to Envoy's panic mode and use ejected
addresses when half of them were gone. Since 1.31 it never does: with all ejected every request ends with 503 UH.

How we know
The release is 1.31 or newer, `outlierDetection` may eject all addresses (`maxEjectionPercent: 100`) without
`minHealthPercent`, and the host has few: one to three endpoints, or an unknown number from DNS.

What to do
Lower `maxEjectionPercent`, or write `minHealthPercent`.

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
      trafficPolicy: {outlierDetection: {consecutive5xxErrors: 5, maxEjectionPercent: 100, minHealthPercent: 50}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.address_count import address_count
from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_ALL = 100
_FEW = 3


def _check(view: View) -> Iterator[Hit]:
    if not view.release.disables_panic:
        return
    for port, hosts in by_port(view.external_ports):
        for policy in view.policies(port):
            outlier = policy.traffic.outlier_detection
            if outlier is None or outlier.min_health_percent or outlier.max_ejection_percent != _ALL:
                continue
            count = address_count(port, view)
            if count is None or count <= _FEW:
                told = "all addresses" if count is None else f"all {count} addresses"
                message = f"{told} of {hosts} may be ejected, without a way back"
                yield Hit(origin=outlier.origin, message=message)


RULE = Rule(
    code="UNS533",
    severity=Severity.WARNING,
    check=_check,
    why="Since Istio 1.31 ejected addresses are never used, however few are left: 503 UH.",
    fix="Write minHealthPercent: 50, or a lower maxEjectionPercent.",
)
