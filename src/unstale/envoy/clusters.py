"""Clusters: one for each port and subset of a host, and the two that stand for everything else (CL)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unstale.envoy import cluster_name, http_protocol_options, locality, traffic_policy
from unstale.envoy.cluster_name import BLACK_HOLE, PASSTHROUGH
from unstale.envoy.connection_pool import (
    apply_connection_pool,
    keepalive,
    may_upgrade_to_http2,
    retry_budget,
    thresholds,
)
from unstale.envoy.destination_rules import Rule
from unstale.envoy.endpoints import load_assignment, select
from unstale.envoy.load_balancer import is_passthrough, load_balancer
from unstale.envoy.mesh import MeshConfig
from unstale.envoy.outlier_detection import apply_outlier_detection
from unstale.envoy.protocol import Protocol
from unstale.envoy.resource import Json, Origins, Resource, ads_config, istio_metadata, typed
from unstale.envoy.scope import Scope
from unstale.envoy.service import Endpoint, Port, Service
from unstale.istio.destination_rule import Subset, TrafficPolicy
from unstale.istio.service_entry import Resolution

_TYPES = {
    Resolution.NONE: "ORIGINAL_DST",
    Resolution.STATIC: "EDS",
    Resolution.DNS: "STRICT_DNS",
    Resolution.DNS_ROUND_ROBIN: "LOGICAL_DNS",
}
_DNS_TYPES = ("STRICT_DNS", "LOGICAL_DNS")
_PASSTHROUGH_IDLE_TIMEOUT = "300s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster and, where its endpoints are sent apart, their resource."""

    resource: Resource
    endpoints: Resource | None = None


def outbound_clusters(scope: Scope) -> Iterator[Cluster]:
    """Every host's clusters, then those Istio always adds."""
    for service in scope.registry.merged.values():
        rule = scope.rules.find(service)
        for port in service.ports:
            if port.protocol is not Protocol.UDP:
                yield from _port_clusters(scope, service, port, rule)
    for value in (black_hole(scope.mesh), passthrough(scope.mesh)):
        yield Cluster(resource=Resource(name=value["name"], value=value))


def black_hole(mesh: MeshConfig) -> Json:
    """Where traffic ends that must not leave."""
    return {
        "name": BLACK_HOLE,
        "type": "STATIC",
        "alt_stat_name": f"{BLACK_HOLE};",
        "connect_timeout": mesh.connect_timeout.protobuf,
    }


def passthrough(mesh: MeshConfig) -> Json:
    """Where traffic goes that no manifest names: to the address it was meant for."""
    options = http_protocol_options.for_protocol(Protocol.UNSUPPORTED)
    options.common = {"idle_timeout": _PASSTHROUGH_IDLE_TIMEOUT}
    return {
        "name": PASSTHROUGH,
        "type": "ORIGINAL_DST",
        "alt_stat_name": f"{PASSTHROUGH};",
        "connect_timeout": mesh.connect_timeout.protobuf,
        "lb_policy": "CLUSTER_PROVIDED",
        "circuit_breakers": {"thresholds": [thresholds()]},
        **options.extension(),
        **keepalive(mesh.tcp_keepalive),
    }


def _port_clusters(scope: Scope, service: Service, port: Port, rule: Rule | None) -> Iterator[Cluster]:
    endpoints = scope.registry.endpoints(service, port.number)
    policy = traffic_policy.for_port(rule.traffic_policy if rule else None, port.number)
    subsets: tuple[Subset | None, ...] = (None, *rule.subsets) if rule else (None,)
    origins = scope.registry.origins(service.key) + (rule.origins if rule else ())
    for subset in subsets:
        cluster = _Draft(
            scope=scope,
            service=service,
            port=port,
            rule=rule,
            subset=subset,
            policy=traffic_policy.for_subset(policy, subset.traffic_policy, port.number) if subset else policy,
            endpoints=select(endpoints, subset.labels) if subset else endpoints,
            origins=origins,
        ).cluster()
        if cluster is not None:
            yield cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What decides about one cluster."""

    scope: Scope
    service: Service
    port: Port
    rule: Rule | None
    subset: Subset | None
    policy: TrafficPolicy
    endpoints: tuple[Endpoint, ...]
    origins: Origins

    @property
    def name(self) -> str:
        return cluster_name.outbound(self.service.host, self.port.number, self.subset.name if self.subset else None)

    def cluster(self) -> Cluster | None:
        """None for a DNS cluster without endpoints: Envoy would refuse it, so requests find no cluster (CL-4)."""
        resolution_type = "LOGICAL_DNS" if self.service.is_racing else _TYPES[self.service.resolution]
        if resolution_type in _DNS_TYPES and not self.endpoints:
            return None
        value: Json = {
            "name": self.name,
            "type": resolution_type,
            "alt_stat_name": f"{self.name};",
            "metadata": self._metadata(),
        }
        self._apply_policy(value)
        self._apply_discovery(value, resolution_type)
        assignment = None
        if value["type"] == "EDS":
            assignment = Resource(name=self.name, value=self._assignment(), origins=self.origins)
        return Cluster(resource=Resource(name=self.name, value=value, origins=self.origins), endpoints=assignment)

    def _apply_policy(self, value: Json) -> None:
        options = http_protocol_options.for_protocol(self.port.protocol)
        pool = self.policy.connection_pool
        if may_upgrade_to_http2(pool, self.port.protocol, self.scope.mesh):
            options.use_http2()
        apply_connection_pool(value, options, pool, self.scope.mesh)
        if self.policy.retry_budget is not None:
            value["circuit_breakers"]["thresholds"][0]["retry_budget"] = retry_budget(self.policy.retry_budget)
        apply_outlier_detection(value, options, self.policy.outlier_detection)
        settings = locality.settings_for(self.policy, self.scope.mesh)
        if settings is not None and settings.failover:
            value["common_lb_config"]["locality_weighted_lb_config"] = {}
        value.update(options.extension())

    def _apply_discovery(self, value: Json, resolution_type: str) -> None:
        """How the endpoints are found, and the choice among them."""
        if is_passthrough(self.policy.load_balancer):
            value["type"] = "ORIGINAL_DST"
        if value["type"] == "ORIGINAL_DST":
            value["lb_policy"] = "CLUSTER_PROVIDED"
        else:
            value.update(load_balancer(self.policy.load_balancer))
        if resolution_type in _DNS_TYPES:
            value.update(self._dns())
        if value["type"] in _DNS_TYPES:
            value["load_assignment"] = self._assignment()
        elif value["type"] == "EDS":
            value["eds_cluster_config"] = {"eds_config": ads_config(), "service_name": self.name}
        elif resolution_type == "ORIGINAL_DST" and self.port.target:
            value["original_dst_lb_config"] = {"upstream_port_override": self.port.target}

    def _assignment(self) -> Json:
        assignment = load_assignment(self.name, self.endpoints)
        settings = locality.settings_for(self.policy, self.scope.mesh)
        if settings is not None:
            locality.rank(assignment, self.scope.proxy.locality, settings)
        return assignment

    def _dns(self) -> Json:
        return {
            "dns_lookup_family": "ALL" if self.service.is_racing else self.scope.proxy.dns_lookup_family,
            "dns_refresh_rate": self.scope.mesh.dns_refresh_rate.protobuf,
            "dns_jitter": "0.100s",
            "respect_dns_ttl": True,
            "typed_dns_resolver_config": typed(
                "envoy.network.dns_resolver.cares",
                "extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
                udp_max_queries=100,
            ),
        }

    def _metadata(self) -> Json:
        service = self.service
        fields: Json = {"services": [{"host": service.host, "name": service.host, "namespace": service.namespace}]}
        if self.rule is not None:
            fields["config"] = self.rule.config
        if self.subset is not None:
            fields["subset"] = self.subset.name
        elif service.is_external:
            fields["external"] = True
        return istio_metadata(**fields)
