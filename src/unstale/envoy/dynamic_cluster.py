"""The cluster of a wildcard host of which each name is looked up when it is asked for (CL-2)."""

from __future__ import annotations

from unstale.envoy import cluster_name, http_protocol_options
from unstale.envoy.cluster import Cluster
from unstale.envoy.connection_pool import apply_pool
from unstale.envoy.destination_rules import Rule
from unstale.envoy.dynamic_forward_proxy import any_cache, cluster_fields, host_cache
from unstale.envoy.fallback_clusters import passthrough_options
from unstale.envoy.outlier_detection import apply_outlier_detection
from unstale.envoy.resource import Json, Origins, Resource, istio_metadata
from unstale.envoy.scope import Scope
from unstale.envoy.service import Port, Service
from unstale.envoy.transport_socket import apply_transport
from unstale.envoy.upstream_tls import Upstream, is_encrypting, is_insecure_dynamic
from unstale.istio.destination_rule import TLSmode, TrafficPolicy


def dynamic_cluster(
    scope: Scope, service: Service, port: Port, rule: Rule | None, policy: TrafficPolicy, origins: Origins
) -> Cluster:
    """It has no subsets, no endpoints and no choice among them."""
    name = cluster_name.outbound(service.host, port.number)
    options = http_protocol_options.for_protocol(port.protocol, keeps_header_case=scope.proxy_headers.keeps_case)
    value: Json = {"name": name, "alt_stat_name": f"{name};"}
    apply_pool(value, options, policy, port.protocol, scope)
    apply_outlier_detection(value, options, policy.outlier_detection, scope.release)
    del value["common_lb_config"]
    upstream = Upstream(
        accounts=(),
        mesh_sni="",
        is_external=service.is_external,
        may_use_mesh_tls=scope.mesh.enable_auto_mtls and not service.is_external,
        is_dynamic=True,
        has_selector=rule is not None and rule.selector is not None,
    )
    wanted = apply_transport(value, policy, upstream, options, scope)
    is_insecure = wanted is not None and is_insecure_dynamic(wanted.settings)
    value |= cluster_fields(host_cache(scope, service), is_insecure=is_insecure)
    value.update(options.extension())
    metadata = _metadata(service, rule, policy)
    if metadata:
        value["metadata"] = istio_metadata(**metadata)
    return Cluster(resource=Resource(name=name, value=value, origins=origins))


def any_host_cluster(scope: Scope) -> Json:
    """The cluster of all hosts that no manifest names; with TLS it forgets the life of its connections (CL-11)."""
    name, tls = cluster_name.ANY_HOST, scope.outbound_policy.tls
    is_plain = tls is None or tls.mode in (None, TLSmode.DISABLE)
    value: Json = {"name": name, "alt_stat_name": f"{name};"}
    options = http_protocol_options.HttpProtocolOptions()
    policy = TrafficPolicy(tls=tls)
    apply_pool(value, options, TrafficPolicy(), None, scope)
    upstream = Upstream(accounts=(), mesh_sni="", is_external=True, may_use_mesh_tls=False, is_dynamic=True)
    wanted = apply_transport(value, policy, upstream, options, scope)
    is_insecure = is_plain or (wanted is not None and is_insecure_dynamic(wanted.settings))
    value |= cluster_fields(any_cache(scope.proxy), is_insecure=is_insecure)
    value.update(options.extension() or passthrough_options(scope))
    return value


def _metadata(service: Service, rule: Rule | None, policy: TrafficPolicy) -> Json:
    fields: Json = {}
    if service.is_external:
        fields["external"] = True
    if rule is not None:
        fields["config"] = rule.config
        if is_encrypting(policy.tls):
            fields["alpn_override"] = "false"
    return fields
