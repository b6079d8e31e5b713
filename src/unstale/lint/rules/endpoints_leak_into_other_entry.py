"""The endpoints of an ignored ServiceEntry end in the cluster of another.

What it means
Of two ServiceEntries for a host with different resolution the second one is ignored, except its endpoints: they are
added to the first one's cluster, and part of the requests goes there.

How we know
Two ServiceEntries of one namespace have a host and a port number in common, with different resolution, and the second
one has endpoints of its own, written or by its name.

What to do
Merge them into one.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: first
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
    kind: ServiceEntry
    metadata:
      name: second
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: STATIC
      ports:
      - {number: 80, name: http, protocol: HTTP}
      endpoints: [{address: 192.0.2.1}]

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: first
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
    kind: ServiceEntry
    metadata:
      name: second
      namespace: shop
    spec:
      hosts:
      - spare.example.com
      location: MESH_EXTERNAL
      resolution: STATIC
      ports:
      - {number: 80, name: http, protocol: HTTP}
      endpoints: [{address: 192.0.2.1}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.endpoint import endpoints_of
from unstale.istio.message import origin_of
from unstale.istio.service_entry import Resolution
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.twice_defined import twice_defined
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for pair in twice_defined(view):
        one, other = pair.first.resolution, pair.second.resolution
        if one is other or one in (Resolution.NONE, Resolution.DYNAMIC_DNS):
            continue
        if next(iter(endpoints_of(pair.second)), None) is not None:
            message = f"this {other} entry for {pair.second.host} is ignored, but its endpoints join {pair.older}"
            yield Hit(origin=origin_of(pair.second.entry, "resolution"), message=message)


RULE = Rule(
    code="UNS526",
    severity=Severity.WARNING,
    check=_check,
    why="The endpoints of all definitions of a host and port are put into the cluster of the oldest.",
    fix="Merge the two into one ServiceEntry.",
)
