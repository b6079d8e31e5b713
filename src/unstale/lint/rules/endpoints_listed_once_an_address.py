"""Each address repeats all endpoints.

What it means
Istio makes one service of each address, and all their endpoints end in one cluster. Weights and the percentages of
outlier detection count each server several times.

How we know
The ServiceEntry has two or more `addresses` and resolution STATIC or DNS.

What to do
Write one ServiceEntry an address.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: db
      namespace: shop
    spec:
      hosts:
      - db.example.com
      location: MESH_EXTERNAL
      resolution: STATIC
      ports:
      - {number: 5432, name: tcp-5432, protocol: TCP}
      addresses: [192.0.2.1, 192.0.2.2]
      endpoints: [{address: 198.51.100.1}]

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: db
      namespace: shop
    spec:
      hosts:
      - db.example.com
      location: MESH_EXTERNAL
      resolution: STATIC
      ports:
      - {number: 5432, name: tcp-5432, protocol: TCP}
      addresses: [192.0.2.1]
      endpoints: [{address: 198.51.100.1}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.message import origin_of
from unstale.istio.service_entry import Resolution
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for entry in view.manifests.service_entries:
        count = len(entry.addresses)
        if count > 1 and entry.resolution in (Resolution.STATIC, Resolution.DNS):
            message = f"every endpoint is in the cluster {count} times, once for each address"
            yield Hit(origin=origin_of(entry, "addresses"), message=message)


RULE = Rule(
    code="UNS527",
    severity=Severity.WARNING,
    check=_check,
    why="Weights and the shares of outlier detection count each server several times.",
    fix="Write one ServiceEntry an address.",
)
