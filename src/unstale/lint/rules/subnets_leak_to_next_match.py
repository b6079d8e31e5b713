"""The address ranges of one match leak into the next.

What it means
Istio carries the `destinationSubnets` of a TLS match over to the matches behind it that have none, so those hold for
these addresses only.

How we know
A `tls` match has `destinationSubnets`, and a later one of the same VirtualService has none.

What to do
Give each match its own ranges, or put those without first.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      - www.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 443, name: tls, protocol: TLS}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      - www.example.com
      tls:
      - match:
        - {port: 443, sniHosts: [api.example.com], destinationSubnets: [192.0.2.0/24]}
        - {port: 443, sniHosts: [www.example.com]}
        route: [{destination: {host: api.example.com}}]

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      - www.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 443, name: tls, protocol: TLS}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      - www.example.com
      tls:
      - match:
        - {port: 443, sniHosts: [www.example.com]}
        - {port: 443, sniHosts: [api.example.com], destinationSubnets: [192.0.2.0/24]}
        route: [{destination: {host: api.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.virtual_service import TLSMatchAttributes
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for spec in view.manifests.virtual_services:
        before: TLSMatchAttributes | None = None
        for match in (match for rule in spec.tls for match in rule.match):
            if match.destination_subnets:
                before = match
            elif before is not None:
                told = ", ".join(before.destination_subnets)
                message = f"the match for {', '.join(match.sni_hosts)} takes over {told} of line {before.origin.line}"
                yield Hit(origin=match.origin, message=message)


RULE = Rule(
    code="UNS524",
    severity=Severity.WARNING,
    check=_check,
    why="Istio carries the address ranges over to later matches that have none.",
    fix="Give each match its own destinationSubnets, or put this one first.",
)
