"""The Sidecar does not import a host that its namespace uses.

What it means
A pod knows only the hosts that its Sidecar lists. Others go to PassthroughCluster, or are refused under REGISTRY_ONLY,
and the rules for them are not applied.

How we know
A VirtualService, DestinationRule, ServiceEntry or workload of the Sidecar's namespace is about an external host that is
exported to it, and no line of `egress.hosts` contains it.

What to do
Add `namespace/host` of the ServiceEntry.

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
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {tcp: {connectTimeout: 1s}}}
    ---
    apiVersion: networking.istio.io/v1
    kind: Sidecar
    metadata:
      name: default
      namespace: shop
    spec:
      egress:
      - hosts: ["./*", "istio-system/*"]

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
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {tcp: {connectTimeout: 1s}}}
    ---
    apiVersion: networking.istio.io/v1
    kind: Sidecar
    metadata:
      name: default
      namespace: shop
    spec:
      egress:
      - hosts: ["./*", "istio-system/*", "egress/api.example.com"]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.proxy import Proxy
from unstale.envoy.sidecar_egress import egresses
from unstale.istio.message import origin_of
from unstale.istio.sidecar import Sidecar
from unstale.lint.finding import Severity
from unstale.lint.host_port import is_inside
from unstale.lint.rule import Hit, Rule
from unstale.lint.use import uses
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    if not view.manifests.sidecars:
        return
    wanted: dict[str, dict[str, str]] = {}
    for use in uses(view):
        wanted.setdefault(use.namespace, {}).setdefault(use.host, use.what)
    for entry in view.manifests.service_entries:
        for host in entry.hosts:
            told = f"ServiceEntry {entry.metadata.name}"
            wanted.setdefault(entry.metadata.namespace, {}).setdefault(host.lower(), told)
    for sidecar in view.manifests.sidecars:
        if sidecar.egress:
            yield from _sidecar(sidecar, wanted.get(sidecar.metadata.namespace, {}), view)


def _sidecar(sidecar: Sidecar, wanted: dict[str, str], view: View) -> Iterator[Hit]:
    namespace = sidecar.metadata.namespace
    listeners = egresses(sidecar, Proxy(namespace=namespace), view.release)
    for host, what in wanted.items():
        service = None if is_inside(host) else view.find(host, namespace)
        if service is None or not service.is_external:
            continue
        if not any(listener.hosts.imports_service(service.key, service.namespace) for listener in listeners):
            yield Hit(
                origin=origin_of(sidecar.egress[0], "hosts"),
                message=f"{service.namespace}/{service.host} is not imported, but {what} is about it",
                fix=f'Add "{service.namespace}/{service.host}" to egress.hosts.',
            )


RULE = Rule(
    code="UNS508",
    severity=Severity.WARNING,
    check=_check,
    why="For the pods the host is unknown: its calls pass through or are refused, and its rules do not hold.",
    fix="Add namespace/host to egress.hosts.",
)
