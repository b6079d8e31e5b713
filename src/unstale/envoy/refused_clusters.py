"""Clusters that Istio makes and Envoy refuses: the pod goes on without them, so their requests end with 503.

Envoy says so in its own log only, in words of its own. What it refuses was found by giving it such clusters (1.40).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from unstale.envoy.dynamic_forward_proxy import is_refused
from unstale.envoy.resource import Resource
from unstale.envoy.scope import Scope
from unstale.envoy.service import Service
from unstale.istio.message import Message, origin_of
from unstale.model.problem import Problem, Severity

_CONSEQUENCE = "The pod is without the cluster: requests end with 503."


def refused_clusters(scope: Scope, service: Service, clusters: Iterable[Resource]) -> Iterator[Problem]:
    """One warning for each cause, of all clusters of a host."""
    for cluster in clusters:
        value = cluster.value
        if is_refused(value):
            yield _problem(
                service.entry,
                "resolution",
                f"Envoy refuses {cluster.name}, it may not speak HTTP to hosts that it looks up without checking names",
                "Give it a DestinationRule with tls mode SIMPLE, or a port of protocol HTTP and no pool of http.",
            )
        elif value.get("type") == "LOGICAL_DNS":
            yield from _logical_dns(scope, service, cluster)


def _logical_dns(scope: Scope, service: Service, cluster: Resource) -> Iterator[Problem]:
    """It takes one endpoint, no more and no fewer."""
    localities = cluster.value.get("load_assignment", {}).get("endpoints", ())
    count = sum(len(locality.get("lb_endpoints", ())) for locality in localities)
    if count > 1:
        what = f"Envoy refuses {cluster.name}, it may look up one name and has {count} endpoints"
        allowed = "Give the host one endpoint, or leave out what makes it look up one: " + (
            "the annotation istio.io/connect-strategy." if service.is_racing else "resolution DNS_ROUND_ROBIN."
        )
        yield _problem(service.entry, "endpoints" if service.entry.endpoints else "resolution", what, allowed)
    elif count == 0 or len(localities) > 1:
        place = next(_distributions(scope, service), service.entry)
        what = f"Envoy refuses {cluster.name}, distribute leaves it without its only endpoint"
        yield _problem(place, "to", what, "Leave distribute out for this host: there is nothing to choose from.")


def _distributions(scope: Scope, service: Service) -> Iterator[Message]:
    """The shares that may be the cause, the rule's before the mesh's."""
    rule = scope.rules.find(service)
    policies = [rule.traffic_policy, *(subset.traffic_policy for subset in rule.subsets)] if rule else []
    for policy in filter(None, policies):
        for settings in (policy.load_balancer, *(entry.load_balancer for entry in policy.port_level_settings)):
            if settings is not None and settings.locality_lb_setting is not None:
                yield from settings.locality_lb_setting.distribute
    default = scope.mesh.locality_lb_setting
    yield from default.distribute if default is not None else ()


def _problem(message: Message, attribute: str, what: str, allowed: str) -> Problem:
    return Problem(
        origin=origin_of(message, attribute),
        what=what,
        allowed=f"{_CONSEQUENCE} {allowed}",
        severity=Severity.WARNING,
    )
