"""Known and unknown hosts share a VirtualService.

What it means
A host that no ServiceEntry defines rides along: it becomes a virtual host on the ports of the known ones, or on port
80, with rules that were meant for another.

How we know
The VirtualService is for sidecars and names several external hosts, of which these files define some and others not.

What to do
Write a VirtualService for each, and a ServiceEntry for the missing ones.

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
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      - old.example.com
      http:
      - route: [{destination: {host: api.example.com}}]

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      - old.example.com
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
      - old.example.com
      http:
      - route: [{destination: {host: api.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.host import fqdn
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.host_port import is_inside
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View, is_for_mesh


def _check(view: View) -> Iterator[Hit]:
    for spec in view.virtual_services:
        if not is_for_mesh(spec) or len(spec.hosts) < 2 or not spec.http:
            continue
        names = [fqdn(host, spec.metadata.namespace) for host in spec.hosts]
        external = [(index, host) for index, host in enumerate(names) if not is_inside(host)]
        unknown = [(index, host) for index, host in external if not view.is_known(host) and not host.startswith("*")]
        if unknown and len(unknown) < len(external):
            index, host = unknown[0]
            message = f"{host} is not defined by a ServiceEntry, other hosts of this VirtualService are"
            yield Hit(origin=origin_of(spec, f"hosts[{index}]"), message=message)


RULE = Rule(
    code="UNS512",
    severity=Severity.WARNING,
    check=_check,
    why="The unknown host becomes a virtual host on ports of the known ones, with rules meant for those.",
    fix="Write a VirtualService for each host, and a ServiceEntry for the missing one.",
)
