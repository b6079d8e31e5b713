"""Where a host is spoken of: by VirtualServices, DestinationRules and the workloads that seem to call it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unstale.envoy.host import fqdn
from unstale.istio.message import origin_of
from unstale.lint.called_host import called_hosts
from unstale.lint.view import View, is_for_mesh
from unstale.model.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """`host` in full and lower case, the namespace that speaks of it, and where."""

    host: str
    namespace: str
    what: str
    place: Origin


def uses(view: View) -> Iterator[Use]:
    """All of them, in no particular order; a host may come several times."""
    for rule in view.manifests.destination_rules:
        namespace = rule.metadata.namespace
        host = fqdn(rule.host, namespace)
        told = f"DestinationRule {namespace}/{rule.metadata.name}"
        yield Use(host=host, namespace=namespace, what=told, place=origin_of(rule, "host"))
    for spec in view.virtual_services:
        if not is_for_mesh(spec):
            continue
        namespace = spec.metadata.namespace
        told = f"VirtualService {namespace}/{spec.metadata.name}"
        for index, name in enumerate(spec.hosts):
            place = origin_of(spec, f"hosts[{index}]")
            yield Use(host=fqdn(name, namespace), namespace=namespace, what=told, place=place)
    for call in called_hosts(view):
        yield Use(host=call.host, namespace=call.namespace, what=call.workload, place=call.place)
