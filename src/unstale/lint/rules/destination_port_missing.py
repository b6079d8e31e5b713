"""The destination has several ports, and none that would be taken by itself.

What it means
Without `port` Istio takes the only port of the destination, else the number of the port that was called. Where the
destination does not have that number, requests go to a cluster that does not exist: 503 NC.

How we know
The destination names no port, its host has two or more, and none of them is a port on which the host of the
VirtualService is called.

What to do
Write `port: {number: ...}` in the destination.

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
    kind: ServiceEntry
    metadata:
      name: spare
      namespace: shop
    spec:
      hosts:
      - spare.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 8080, name: http-8080, protocol: HTTP}
      - {number: 8081, name: http-8081, protocol: HTTP}
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
      - route: [{destination: {host: spare.example.com}}]

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
    kind: ServiceEntry
    metadata:
      name: spare
      namespace: shop
    spec:
      hosts:
      - spare.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 8080, name: http-8080, protocol: HTTP}
      - {number: 8081, name: http-8081, protocol: HTTP}
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
      - route: [{destination: {host: spare.example.com, port: {number: 8080}}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.host import fqdn
from unstale.istio.message import origin_of
from unstale.istio.virtual_service import VirtualService
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_HTTP_PORT = 80


def _check(view: View) -> Iterator[Hit]:
    for route in view.routes:
        if set(route.spec.gateways) - {"mesh"}:
            continue
        called = _called(route.spec, view)
        for target in route.targets:
            service = target.service
            if service is None or target.split.destination.port or len(service.ports) < 2:
                continue
            missing = sorted(number for number in called if service.port(number) is None)
            if missing:
                message = f"{target.host} has no port {missing[0]}, and several others"
                yield Hit(origin=origin_of(target.split.destination, "host"), message=message)


def _called(spec: VirtualService, view: View) -> set[int]:
    """The ports on which the hosts are called with HTTP; 80 for hosts that nobody knows."""
    numbers: set[int] = set()
    for name in spec.hosts:
        service = view.find(fqdn(name, spec.metadata.namespace), view.namespace(spec.metadata.namespace))
        if service is not None:
            numbers.update(port.number for port in service.ports if port.protocol.is_http_or_sniffed)
        elif "." in name:
            numbers.add(_HTTP_PORT)
    return numbers


RULE = Rule(
    code="UNS516",
    severity=Severity.ERROR,
    check=_check,
    others=("IST0112",),
    why="Istio takes the number that was called, and no such cluster exists: 503 NC.",
    fix="Write port: {number: ...} in the destination.",
)
