"""Rules for a host that no ServiceEntry defines.

What it means
The sidecar knows only hosts of the registry. On port 80 requests to this one are sent to a cluster that does not exist:
503 NC. On other ports the rules are not looked at.

How we know
A VirtualService for sidecars leads to an external host that no ServiceEntry of these files is for.

What to do
Add the ServiceEntry, or name its file too.

Bad:

    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      http:
      - timeout: 5s
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
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      http:
      - timeout: 5s
        route: [{destination: {host: api.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.host import fqdn
from unstale.envoy.virtual_services import MESH_GATEWAY
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.host_port import in_full, is_inside
from unstale.lint.route import rules_of
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View, is_for_mesh


def _check(view: View) -> Iterator[Hit]:
    for spec in view.virtual_services:
        if not is_for_mesh(spec):
            continue
        told: set[str] = set()
        for rule in rules_of(spec):
            if rule.match and all(match.gateways and MESH_GATEWAY not in match.gateways for match in rule.match):
                continue
            for split in rule.route:
                host = fqdn(split.destination.host, spec.metadata.namespace)
                if host in told or is_inside(host) or view.is_known(host):
                    continue
                told.add(host)
                message = f"{host} is not defined by a ServiceEntry of these files"
                yield Hit(origin=origin_of(split.destination, "host"), message=message, fix=in_full(host))


RULE = Rule(
    code="UNS503",
    severity=Severity.ERROR,
    check=_check,
    others=("IST0101", "KIA1101"),
    why="Requests on port 80 go to a cluster that does not exist (503 NC), on other ports the rules do not count.",
    fix="Add a ServiceEntry for the host.",
)
