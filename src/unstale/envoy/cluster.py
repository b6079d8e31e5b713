"""One cluster of a host: its port or a subset of it, with all that the rule and the mesh say of connections (CL)."""

from __future__ import annotations

from dataclasses import dataclass, field

from unstale.envoy import cluster_name, http_protocol_options, locality, traffic_policy
from unstale.envoy.connection_pool import apply_pool
from unstale.envoy.destination_rules import Rule
from unstale.envoy.endpoint import NO_TLS, Endpoint
from unstale.envoy.endpoints import grouped, load_assignment
from unstale.envoy.http_protocol_options import HttpProtocolOptions
from unstale.envoy.load_balancer import is_passthrough, load_balancer
from unstale.envoy.outlier_detection import apply_outlier_detection
from unstale.envoy.resource import Json, Origins, Resource, Traced, ads_config, istio_metadata, typed
from unstale.envoy.scope import Scope
from unstale.envoy.service import Port, Service
from unstale.envoy.stat_name import alternative_stat_name
from unstale.envoy.transport_socket import apply_transport
from unstale.envoy.upstream_tls import Upstream, is_encrypting
from unstale.istio.destination_rule import Subset, TLSmode, TrafficPolicy

DNS_TYPES = ("STRICT_DNS", "LOGICAL_DNS")
ORIGINAL_DST = "ORIGINAL_DST"
_JITTERED: Json = {
    "dns_jitter": "0.100s",
    "typed_dns_resolver_config": typed(
        "envoy.network.dns_resolver.cares",
        "extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
        udp_max_queries=100,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster and, where its endpoints are sent apart, their resource."""

    resource: Resource
    endpoints: Resource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What decides about one cluster; `rule_policy` is without the mesh's defaults, which rank no endpoints (OD)."""

    scope: Scope
    service: Service
    port: Port
    rule: Rule | None
    subset: Subset | None
    discovery: str
    policy: TrafficPolicy
    rule_policy: TrafficPolicy
    endpoints: tuple[Endpoint, ...]
    sent_endpoints: tuple[Endpoint, ...]
    origins: Origins
    options: HttpProtocolOptions = field(init=False)

    def __post_init__(self) -> None:
        options = http_protocol_options.for_protocol(
            self.port.protocol, keeps_header_case=self.scope.proxy_headers.keeps_case
        )
        object.__setattr__(self, "options", options)

    @property
    def is_racing(self) -> bool:
        """All addresses of the DNS answer are tried at once."""
        return self.service.is_racing and self.scope.release.races_addresses

    @property
    def name(self) -> str:
        return cluster_name.outbound(self.service.host, self.port.number, self.subset.name if self.subset else None)

    def cluster(self) -> Cluster | None:
        """None for a DNS cluster without endpoints: Envoy would refuse it, so requests find no cluster (CL-4)."""
        if self.discovery in DNS_TYPES and not self.endpoints:
            return None
        made: Json = {
            "name": self.name,
            "type": self.discovery,
            "alt_stat_name": alternative_stat_name(self.scope.mesh, self.name, self.service, self.port, self.subset),
            "metadata": self._metadata(),
        }
        value = Traced(made, self.policy, self.subset, self.service.entry)
        apply_pool(value, self.options, self.policy, self.port.protocol, self.scope)
        apply_outlier_detection(value, self.options, self.policy.outlier_detection, self.scope.release)
        self._apply_balancing(value)
        self._apply_transport(value)
        value.update(self.options.extension())
        assignment = None
        if value["type"] == "EDS":
            value["eds_cluster_config"] = {"eds_config": ads_config(), "service_name": self.name}
            assignment = Resource(name=self.name, value=self._assignment(self.rule_policy), origins=self.origins)
        return Cluster(resource=Resource(name=self.name, value=value, origins=self.origins), endpoints=assignment)

    def _apply_balancing(self, value: Json) -> None:
        """How the endpoints are found, and the choice among them."""
        settings = self.policy.load_balancer
        preference = locality.preference(settings, self.service, self.scope.mesh, self.scope.release)
        value["common_lb_config"] |= preference.lb_config(
            has_outlier_detection=self.policy.outlier_detection is not None
        )
        if self.discovery in DNS_TYPES:
            value.update(self._dns())
        elif self.service.is_passthrough and self.port.target:
            value["original_dst_lb_config"] = {"upstream_port_override": self.port.target}
        if self.discovery == ORIGINAL_DST or is_passthrough(settings):
            value |= {"type": ORIGINAL_DST, "lb_policy": "CLUSTER_PROVIDED"}
            return
        value.update(load_balancer(settings))
        if self.discovery in DNS_TYPES:
            value["load_assignment"] = self._assignment(self.policy)

    def _apply_transport(self, value: Json) -> None:
        may_use_mesh_tls = self._may_use_mesh_tls()
        if self.policy.tls is None and self.policy.proxy_protocol is None and not may_use_mesh_tls:
            return
        upstream = Upstream(
            accounts=self.scope.registry.accounts(self.service, self.scope.mesh),
            mesh_sni=cluster_name.mesh_sni(
                self.service.host, self.port.number, self.subset.name if self.subset else None
            ),
            is_external=self.service.is_external,
            may_use_mesh_tls=may_use_mesh_tls,
            has_selector=self.rule is not None and self.rule.selector is not None,
        )
        apply_transport(value, self.policy, upstream, self.options, self.scope)

    def _may_use_mesh_tls(self) -> bool:
        """Endpoints that the application looked up itself cannot be told apart, so all of them must be marked."""
        if self.service.is_external or not self.scope.mesh.enable_auto_mtls:
            return False
        source = self.subset or self.rule
        own = source.traffic_policy if source else None
        if self.service.is_passthrough or (own is not None and is_passthrough(own.load_balancer)):
            endpoints = self.scope.registry.endpoints(self.service, self.port)
            return bool(endpoints) and all(endpoint.tls_mode != NO_TLS for endpoint in endpoints)
        return True

    def _assignment(self, policy: TrafficPolicy) -> Json:
        preference = locality.preference(policy.load_balancer, self.service, self.scope.mesh, self.scope.release)
        groups = preference.arrange(
            grouped(self.sent_endpoints if self.discovery == "EDS" else self.endpoints),
            self.scope.proxy,
            has_outlier_detection=policy.outlier_detection is not None,
            knows_labels=self._knows_labels(),
        )
        mode = traffic_policy.tls_mode(
            self.rule.traffic_policy if self.rule else None,
            self.subset.traffic_policy if self.subset else None,
            self.port.number,
        )
        return load_assignment(
            self.name, groups, may_use_mesh_tls=None if mode is None else mode is TLSmode.ISTIO_MUTUAL
        )

    def _knows_labels(self) -> bool:
        """Of DNS hosts Istio keeps the labels for the cluster of the whole port only, and only of late."""
        is_whole = self.subset is None and self.scope.release.ranks_dns_endpoints
        return is_whole or self.discovery not in DNS_TYPES

    def _dns(self) -> Json:
        return {
            "dns_lookup_family": "ALL" if self.is_racing else self.scope.proxy.dns_lookup_family,
            "dns_refresh_rate": self.scope.mesh.dns_refresh_rate.protobuf,
            "respect_dns_ttl": True,
            **(_JITTERED if self.scope.release.spreads_dns_queries else {}),
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
        if is_encrypting(self.policy.tls):
            fields["alpn_override"] = "false"
        return istio_metadata(**fields)
