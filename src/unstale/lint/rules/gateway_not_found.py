"""A VirtualService is for a gateway that these files do not have.

What it means
Without the Gateway the rules hold nowhere, and nobody is told.

How we know
These files have Gateways, and none of that name in that namespace. A gateway may well be kept elsewhere.

What to do
Correct the name, or name the Gateway's file too. A gateway of another namespace is written `namespace/name`.

Bad:

    apiVersion: networking.istio.io/v1
    kind: Gateway
    metadata:
      name: edge
      namespace: istio-system
    spec:
      selector: {istio: ingressgateway}
      servers:
      - {port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: shop
      namespace: shop
    spec:
      hosts:
      - shop.example.com
      gateways: [edge]
      http:
      - route: [{destination: {host: frontend}}]

Good:

    apiVersion: networking.istio.io/v1
    kind: Gateway
    metadata:
      name: edge
      namespace: istio-system
    spec:
      selector: {istio: ingressgateway}
      servers:
      - {port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: shop
      namespace: shop
    spec:
      hosts:
      - shop.example.com
      gateways: [istio-system/edge]
      http:
      - route: [{destination: {host: frontend}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.gateways import gateway_names, gateways
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    known = gateways(view)
    if not known:
        return
    for spec in view.virtual_services:
        for at, name in gateway_names(spec):
            if name in known:
                continue
            same = next((other for other in known if other.rpartition("/")[2] == name.rpartition("/")[2]), None)
            fix = f"Write {same}, if that one is meant." if same else ""
            message = f"these files have no Gateway {name}"
            yield Hit(origin=origin_of(spec, f"gateways[{at}]"), message=message, fix=fix)


RULE = Rule(
    code="UNS538",
    severity=Severity.WARNING,
    check=_check,
    others=("IST0101", "KIA1102"),
    needs="finished gateways",
    why="Without it the rules hold nowhere.",
    fix="Correct the name, or name the Gateway's file too.",
)
