"""A host is defined in two namespaces, and one of them wins silently.

What it means
A pod sees one definition of a host only: that of its own namespace, else the oldest one. The others, with their ports
and endpoints, do not exist for it, and a new namespace may change what everybody else gets.

How we know
ServiceEntries of different namespaces define the same host differently, and `exportTo` lets some namespace see both.

What to do
Let one namespace own the host and export it; give the others `exportTo: ["."]`.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: egress
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
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: NONE
      ports:
      - {number: 80, name: tcp, protocol: TCP}

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: egress
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}
      exportTo: ["."]
    ---
    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: NONE
      ports:
      - {number: 80, name: tcp, protocol: TCP}
      exportTo: ["."]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.service import Service, name_of
from unstale.istio.message import origin_of
from unstale.istio.service_entry import ServiceEntry
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for services in view.definitions.values.values():
        first_of: dict[str, Service] = {}
        for service in services:
            others = [one for namespace, one in first_of.items() if namespace != service.namespace]
            if service.namespace in first_of:
                continue
            first_of[service.namespace] = service
            rival = next((one for one in others if _differ(one, service) and view.meet(one, service)), None)
            if rival is not None:
                yield _hit(service, rival)


def _hit(service: Service, rival: Service) -> Hit:
    older = f"{name_of(rival.entry.metadata)} ({rival.entry.origin})"
    return Hit(
        origin=origin_of(service.entry, f"hosts[{service.entry.hosts.index(service.host)}]"),
        message=f"{service.host} is defined by ServiceEntry {older} too, which wins outside of {service.namespace}",
    )


def _differ(one: Service, other: Service) -> bool:
    """What a pod would notice."""
    return one.resolution is not other.resolution or one.ports != other.ports or _rest(one.entry) != _rest(other.entry)


def _rest(entry: ServiceEntry) -> tuple[object, ...]:
    return (sorted(entry.addresses), entry.endpoints, entry.location, entry.workload_selector)


RULE = Rule(
    code="UNS501",
    severity=Severity.ERROR,
    check=_check,
    why="A pod gets the one of its own namespace, else the oldest; the other does not exist for it.",
    fix='Let one namespace own the host, and write exportTo: ["."] in the others.',
)
