"""Two hosts share an address and port.

What it means
A request that names the address, not a host, can belong to one virtual host only, and Istio leaves to chance which. Of
TCP connections the younger host gets none.

How we know
Two ServiceEntries that one namespace sees have an address and a port number in common.

What to do
Give each host an address of its own.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: a
      namespace: shop
    spec:
      hosts:
      - a.example.com
      location: MESH_EXTERNAL
      resolution: STATIC
      ports:
      - {number: 80, name: http, protocol: HTTP}
      addresses: [192.0.2.1]
      endpoints: [{address: 198.51.100.1}]
    ---
    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: b
      namespace: shop
    spec:
      hosts:
      - b.example.com
      location: MESH_EXTERNAL
      resolution: STATIC
      ports:
      - {number: 80, name: http, protocol: HTTP}
      addresses: [192.0.2.1]
      endpoints: [{address: 198.51.100.2}]

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: a
      namespace: shop
    spec:
      hosts:
      - a.example.com
      location: MESH_EXTERNAL
      resolution: STATIC
      ports:
      - {number: 80, name: http, protocol: HTTP}
      addresses: [192.0.2.1]
      endpoints: [{address: 198.51.100.1}]
    ---
    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: b
      namespace: shop
    spec:
      hosts:
      - b.example.com
      location: MESH_EXTERNAL
      resolution: STATIC
      ports:
      - {number: 80, name: http, protocol: HTTP}
      addresses: [192.0.2.2]
      endpoints: [{address: 198.51.100.2}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.service import UNSPECIFIED, Service
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.same_object import is_same_object
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    owners: dict[tuple[str, int], Service] = {}
    told: set[tuple[str, str]] = set()
    for service in view.catalogue.every:
        if service.address == UNSPECIFIED:
            continue
        for port in service.ports:
            if port.protocol.is_tls:
                continue
            first = owners.setdefault((service.address, port.number), service)
            pair = (first.key, service.key)
            is_one = is_same_object(first.entry.metadata, service.entry.metadata) and first.entry is not service.entry
            if first.key != service.key and pair not in told and not is_one and view.meet(first, service):
                told.add(pair)
                where = f"{service.address}:{port.number}"
                message = f"{where} is the address of {first.host} ({first.entry.origin}) and of {service.host}"
                yield Hit(origin=origin_of(service.entry, "addresses"), message=message)


RULE = Rule(
    code="UNS525",
    severity=Severity.WARNING,
    check=_check,
    why="Which host a call to the address means, Istio leaves to chance.",
    fix="Give each host an address of its own.",
)
