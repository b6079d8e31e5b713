"""The conditions on the caller are ignored.

What it means
A match that names `mesh` among its `gateways` is taken for every pod: `sourceLabels` and `sourceNamespace` beside it
are not looked at, and the rule holds for callers that it was not meant for.

How we know
The match has `gateways` with `mesh`, and `sourceLabels` or `sourceNamespace`.

What to do
Leave `gateways` out of the match.

Bad:

    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: reviews
      namespace: shop
    spec:
      hosts:
      - reviews
      http:
      - match: [{gateways: [mesh], sourceLabels: {app: web}}]
        route: [{destination: {host: reviews}}]
      - route: [{destination: {host: reviews}}]

Good:

    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: reviews
      namespace: shop
    spec:
      hosts:
      - reviews
      http:
      - match: [{sourceLabels: {app: web}}]
        route: [{destination: {host: reviews}}]
      - route: [{destination: {host: reviews}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.virtual_services import MESH_GATEWAY
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.route import rules_of
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for spec in view.manifests.virtual_services:
        for rule in rules_of(spec):
            for match in rule.match:
                named = [
                    name
                    for attribute, name in (("source_labels", "sourceLabels"), ("source_namespace", "sourceNamespace"))
                    if getattr(match, attribute)
                ]
                if MESH_GATEWAY in match.gateways and named:
                    message = f"{' and '.join(named)} does not count, for the match names the gateway mesh"
                    yield Hit(origin=origin_of(match, "gateways"), message=message)


RULE = Rule(
    code="UNS521",
    severity=Severity.WARNING,
    check=_check,
    why="With gateways in a match Istio looks at nothing else of the caller.",
    fix="Leave gateways out of the match.",
)
