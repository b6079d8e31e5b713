"""What Istio's own control plane fails on: the push for the pod is lost, so the pod keeps its old configuration.

Here the configuration is made as it was meant; that it would never arrive is told.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy import locality, traffic_policy
from unstale.envoy.dynamic_forward_proxy import has_cluster
from unstale.envoy.scope import Scope
from unstale.envoy.service import DNS, Port, Service
from unstale.istio.destination_rule import TrafficPolicy
from unstale.istio.message import Message, origin_of
from unstale.model.problem import Problem, Severity

_CONSEQUENCE = "The pod would keep its old configuration. Leave outlierDetection out for this host."


def control_plane_faults(scope: Scope, service: Service) -> Iterator[Problem]:
    """One warning a port of a host."""
    rule = scope.rules.find(service)
    default = scope.mesh.default_traffic_policy
    if rule is None and (default is None or default.outlier_detection is None):
        return
    for port in service.ports:
        own = traffic_policy.for_port(rule.traffic_policy if rule else None, port.number)
        policy = traffic_policy.with_mesh_defaults(own, scope.mesh)
        if policy.outlier_detection is not None:
            yield from _faults(scope, service, port, policy)


def _faults(scope: Scope, service: Service, port: Port, policy: TrafficPolicy) -> Iterator[Problem]:
    assert policy.outlier_detection is not None
    place: Message = policy.load_balancer or policy.outlier_detection
    if scope.looks_up(service) and has_cluster(port):
        yield _fault(policy.outlier_detection, "a host that is looked up by name cannot have outlierDetection", scope)
    elif service.resolution in DNS and scope.release.ranks_dns_endpoints and _ranks_by_label(scope, service, policy):
        localities = {endpoint.locality for endpoint in scope.registry.endpoints(service, port)}
        if len(localities) > 1:
            yield _fault(place, "failoverPriority of a DNS host with endpoints in several localities", scope)


def _ranks_by_label(scope: Scope, service: Service, policy: TrafficPolicy) -> bool:
    found = locality.preference(policy.load_balancer, service, scope.mesh, scope.release).locality
    return found is not None and bool(found.failover_priority) and not found.distribute


def _fault(message: Message, what: str, scope: Scope) -> Problem:
    return Problem(
        origin=origin_of(message, "locality_lb_setting"),
        what=f"{what}: the control plane of Istio {scope.release} fails on it",
        allowed=_CONSEQUENCE,
        severity=Severity.WARNING,
    )
