"""An object is private to its namespace, but another namespace speaks of its host.

What it means
With `exportTo: ["."]` pods of other namespaces do not see the object. For them the host is unknown, or has no rules.

How we know
`exportTo` holds the object in its own namespace, and a VirtualService, DestinationRule or workload of another namespace
in these files is about the same host, which has no other definition there.

What to do
Export it to that namespace too.

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
      exportTo: ["."]
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {tcp: {connectTimeout: 1s}}}

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
      exportTo: ["shop"]
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {tcp: {connectTimeout: 1s}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.export_to import resolved
from unstale.envoy.host import fqdn
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.use import Use, uses
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    elsewhere: dict[str, list[Use]] = {}
    for use in uses(view):
        elsewhere.setdefault(use.host, []).append(use)
    for entry in view.manifests.service_entries:
        if resolved(entry.export_to, entry.metadata.namespace, ()) != {entry.metadata.namespace}:
            continue
        for host in entry.hosts:
            for use in elsewhere.get(host.lower(), ()):
                if use.namespace != entry.metadata.namespace and view.find(use.host, use.namespace) is None:
                    message = f"{host} is private to {entry.metadata.namespace}, {use.what} ({use.place}) is about it"
                    yield Hit(origin=origin_of(entry, "export_to"), message=message)
                    break
    yield from _rules(elsewhere, view)


def _rules(elsewhere: dict[str, list[Use]], view: View) -> Iterator[Hit]:
    """Private rules beside a host that workloads of other namespaces call."""
    kinds = (("DestinationRule", view.manifests.destination_rules), ("VirtualService", view.virtual_services))
    for kind, objects in kinds:
        for one in objects:
            namespace = one.metadata.namespace
            if resolved(one.export_to, namespace, ()) != {namespace}:
                continue
            for name in getattr(one, "hosts", None) or (getattr(one, "host", ""),):
                service = view.find(fqdn(name, namespace), namespace)
                callers = [use for use in elsewhere.get(fqdn(name, namespace), ()) if use.namespace != namespace]
                callers = [use for use in callers if not use.what.startswith(("Dest", "Virt"))]
                if service is not None and service.namespace == namespace and callers:
                    message = f"{kind} for {name} is private to {namespace}, {callers[0].what} calls it from outside"
                    yield Hit(origin=origin_of(one, "export_to"), message=message)


RULE = Rule(
    code="UNS507",
    severity=Severity.WARNING,
    check=_check,
    why="Pods of other namespaces do not see the object.",
    fix="Add the namespace to exportTo.",
)
