"""A Service of the cluster is named that these files do not have.

What it means
Requests that a rule sends to a Service that does not exist end with 503; a DestinationRule for one has no effect.

How we know
These files have Services of that namespace, but none of this name, and no ServiceEntry for it. Without Services of the
namespace nothing is told, nor of the namespaces of Istio and Kubernetes.

What to do
Correct the name, or name the Service's file too.

Bad:

    apiVersion: v1
    kind: Service
    metadata: {name: reviews, namespace: shop}
    spec: {ports: [{port: 9080}]}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: reviews
      namespace: shop
    spec:
      hosts:
      - reviews
      http:
      - route: [{destination: {host: review}}]

Good:

    apiVersion: v1
    kind: Service
    metadata: {name: reviews, namespace: shop}
    spec: {ports: [{port: 9080}]}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: reviews
      namespace: shop
    spec:
      hosts:
      - reviews
      http:
      - route: [{destination: {host: reviews}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.host import fqdn
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.route import rules_of
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View
from unstale.model.origin import Origin

_SUFFIX = ".svc.cluster.local"


def _check(view: View) -> Iterator[Hit]:
    known = {f"{one.name}.{one.namespace}{_SUFFIX}" for one in view.surroundings.of("Service")}
    namespaces = {host.removesuffix(_SUFFIX).rpartition(".")[2] for host in known}
    namespaces -= {view.settings.root_namespace, "kube-system"}
    told: set[tuple[str, Origin]] = set()
    for host, origin in _named(view):
        front = host.removesuffix(_SUFFIX)
        is_service = host.endswith(_SUFFIX) and front.count(".") == 1 and not host.startswith("*")
        is_judged = is_service and front.partition(".")[2] in namespaces and (host, origin) not in told
        if is_judged and host not in known and not view.is_known(host):
            told.add((host, origin))
            yield Hit(origin=origin, message=f"these files have no Service {host}")


def _named(view: View) -> Iterator[tuple[str, Origin]]:
    for spec in view.virtual_services:
        for rule in rules_of(spec):
            for split in rule.route:
                host = fqdn(split.destination.host, spec.metadata.namespace)
                yield host, origin_of(split.destination, "host")
    for one in view.manifests.destination_rules:
        yield fqdn(one.host, one.metadata.namespace), origin_of(one, "host")


RULE = Rule(
    code="UNS535",
    severity=Severity.WARNING,
    check=_check,
    others=("IST0101", "KIA1101", "KIA0202"),
    needs="finished services",
    why="Requests to it end with 503, and a rule for it has no effect.",
    fix="Correct the name, or name the Service's file too.",
)
