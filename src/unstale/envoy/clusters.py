"""Clusters: one for each port and subset of a host, and those that stand for everything else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from unstale.envoy import traffic_policy
from unstale.envoy.cluster import ORIGINAL_DST, Cluster, Draft
from unstale.envoy.destination_rules import Rule
from unstale.envoy.dynamic_cluster import any_host_cluster, dynamic_cluster
from unstale.envoy.dynamic_forward_proxy import has_cluster
from unstale.envoy.endpoints import select
from unstale.envoy.fallback_clusters import black_hole, passthrough
from unstale.envoy.load_balancer import is_passthrough
from unstale.envoy.protocol import Protocol
from unstale.envoy.resource import Resource
from unstale.envoy.scope import Scope
from unstale.envoy.service import Port, Service
from unstale.istio.destination_rule import Subset
from unstale.istio.service_entry import Resolution

_DISCOVERY = {
    Resolution.NONE: ORIGINAL_DST,
    Resolution.STATIC: "EDS",
    Resolution.DNS: "STRICT_DNS",
    Resolution.DNS_ROUND_ROBIN: "LOGICAL_DNS",
}


def clusters_of(scope: Scope, service: Service) -> Iterator[Cluster]:
    """Those of one host."""
    rule = scope.rules.find(service)
    for port in service.ports:
        if port.protocol is Protocol.UDP:
            continue
        if service.resolution is not Resolution.DYNAMIC_DNS:
            yield from _port_clusters(scope, service, port, rule)
        elif scope.looks_up(service) and has_cluster(port):
            yield _dynamic_cluster(scope, service, port, rule)


def fixed_clusters(scope: Scope) -> tuple[Resource, ...]:
    """Those that Istio always adds behind those of the hosts."""
    always = [black_hole(scope.mesh), passthrough(scope)]
    if scope.outbound_policy.looks_up_hosts:
        always.append(any_host_cluster(scope))
    return tuple(Resource(name=value["name"], value=value) for value in always)


def _dynamic_cluster(scope: Scope, service: Service, port: Port, rule: Rule | None) -> Cluster:
    policy = traffic_policy.for_port(rule.traffic_policy if rule else None, port.number)
    return dynamic_cluster(
        scope,
        service,
        port,
        rule,
        traffic_policy.with_mesh_defaults(policy, scope.mesh),
        scope.registry.origins(service.key) + (rule.origins if rule else ()),
    )


def _port_clusters(scope: Scope, service: Service, port: Port, rule: Rule | None) -> Iterator[Cluster]:
    """The port's own cluster, then its subsets; without the first there are none."""
    rule_policy = traffic_policy.for_port(rule.traffic_policy if rule else None, port.number)
    is_racing = service.is_racing and scope.release.races_addresses
    draft = Draft(
        scope=scope,
        service=service,
        port=port,
        rule=rule,
        subset=None,
        discovery="LOGICAL_DNS" if is_racing else _DISCOVERY[service.resolution],
        policy=traffic_policy.with_mesh_defaults(rule_policy, scope.mesh),
        rule_policy=rule_policy,
        endpoints=scope.registry.endpoints(service, port),
        sent_endpoints=scope.registry.sent_endpoints(service, port) if service.resolution is Resolution.STATIC else (),
        origins=scope.registry.origins(service.key) + (rule.origins if rule else ()),
    )
    cluster = draft.cluster()
    if cluster is None:
        return
    yield cluster
    for subset in rule.subsets if rule else ():
        found = _subset_draft(draft, subset, cluster.resource.value["type"]).cluster()
        if found is not None:
            yield found


def _subset_draft(draft: Draft, subset: Subset, discovery: str) -> Draft:
    """A subset is found as the port's own cluster in the end is, unless its own rule says otherwise (CL-7)."""
    own = subset.traffic_policy
    is_own_passthrough = own is not None and is_passthrough(own.load_balancer)
    number = draft.port.number
    return replace(
        draft,
        subset=subset,
        discovery=ORIGINAL_DST if is_own_passthrough else discovery,
        policy=traffic_policy.for_subset(draft.policy, own, number, draft.scope.release),
        rule_policy=traffic_policy.for_subset(draft.rule_policy, own, number, draft.scope.release),
        endpoints=select(draft.endpoints, subset.labels),
        sent_endpoints=select(draft.sent_endpoints, subset.labels),
    )
