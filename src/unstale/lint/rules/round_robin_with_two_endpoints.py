"""The cluster ends with more endpoints than Envoy takes.

What it means
A LOGICAL_DNS cluster may have one endpoint. With two Envoy refuses the update, and no later change of clusters arrives
either.

How we know
The oldest definition of the host is DNS_ROUND_ROBIN (or races its addresses by annotation), and what Istio collects for
its cluster from all definitions of the host, its endpoints and its addresses, is more than one endpoint a port.

What to do
Keep one definition with one endpoint.

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
      resolution: DNS_ROUND_ROBIN
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
      resolution: DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}

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
      resolution: DNS_ROUND_ROBIN
      ports:
      - {number: 80, name: http, protocol: HTTP}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from unstale.envoy.endpoint import endpoints_of
from unstale.envoy.service import Service
from unstale.istio.message import origin_of
from unstale.istio.service_entry import Resolution
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for services in view.definitions.values.values():
        for namespace in dict.fromkeys(service.namespace for service in services):
            own = _latest([service for service in services if service.namespace == namespace])
            first = own[0]
            races = first.is_racing and view.release.races_addresses
            if first.resolution is Resolution.DNS_ROUND_ROBIN or races:
                number, count = _most(own)
                if count > 1:
                    message = f"{first.host}:{number} ends with {count} endpoints, LOGICAL_DNS takes one"
                    yield Hit(origin=origin_of(own[-1].entry, "resolution"), message=message)


def _latest(services: Sequence[Service]) -> list[Service]:
    """Of an object that several files hold the last one."""
    entries = {service.entry.metadata.name: service.entry for service in services}
    return [service for service in services if entries[service.entry.metadata.name] is service.entry]


def _most(services: Sequence[Service]) -> tuple[int, int]:
    """The port with the most endpoints; a definition with round robin adds none to a port that has one."""
    found: Counter[int] = Counter()
    for service in services:
        for endpoint in endpoints_of(service):
            number = endpoint.service_port.number
            if service.resolution is not Resolution.DNS_ROUND_ROBIN or not found[number]:
                found[number] += 1
    return found.most_common(1)[0] if found else (0, 0)


RULE = Rule(
    code="UNS531",
    severity=Severity.ERROR,
    check=_check,
    why="Envoy refuses the update of its clusters, and later changes do not arrive either.",
    fix="Keep one definition of the host, with one endpoint and one address.",
)
