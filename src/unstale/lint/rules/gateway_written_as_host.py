"""The gateway is written as a host name.

What it means
Istio still understands `name.namespace.svc.cluster.local` for a gateway; the form that its documentation knows is
`namespace/name`, and tools that look for references find only that.

How we know
An item of `gateways` has a dot and no slash.

What to do
Write `namespace/name`.

Bad:

    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: shop
      namespace: shop
    spec:
      hosts:
      - shop.example.com
      gateways: [edge.istio-system.svc.cluster.local]
      http:
      - route: [{destination: {host: frontend}}]

Good:

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
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for spec in view.manifests.virtual_services:
        for at, name in enumerate(spec.gateways):
            front, dot, rest = name.partition(".")
            if dot and "/" not in name:
                fix = f"Write {rest.partition('.')[0]}/{front}."
                message = f"gateway {name} is written as a host name"
                yield Hit(origin=origin_of(spec, f"gateways[{at}]"), message=message, fix=fix)


RULE = Rule(
    code="UNS544",
    severity=Severity.INFORMATION,
    check=_check,
    others=("KIA1108",),
    why="The documented form is namespace/name.",
    fix="Write namespace/name.",
)
