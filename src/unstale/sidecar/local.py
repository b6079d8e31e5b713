"""The one small step between what istiod makes and what the local Envoy gets.

istiod writes for Istio's build of Envoy with Istio's agent beside it. The stock Envoy refuses a few things of that,
others refer to what is not here. Each is put right by one function that keeps its meaning; where there is no way to
keep it, the manifest's author is told instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from unstale.envoy.resource import Resource, Resources
from unstale.model.errors import ManifestError
from unstale.model.origin import Origin
from unstale.model.problem import Problem
from unstale.sidecar.access_log import with_access_log
from unstale.sidecar.secrets import MissingSecretError, with_files

Json = dict[str, Any]

_DYNAMIC_FORWARD_PROXY = "envoy.clusters.dynamic_forward_proxy"
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def localize(resources: Resources, *, access_log: Path | None) -> Resources:
    """The resources as the stock Envoy on this machine takes them, logging to `access_log` unless it is None.

    Raises ManifestError for what cannot be had outside a cluster.
    """
    mutual = frozenset(_marked_for_mtls(resources))
    problems: list[Problem] = []
    clusters: list[Resource] = []
    for cluster in resources.clusters:
        try:
            clusters.append(_local_cluster(cluster, keeps_mtls=cluster.name in mutual))
        except MissingSecretError as error:
            problems.append(_not_here(cluster, str(error)))
    if problems:
        raise ManifestError(problems)
    return Resources(
        listeners=tuple(_local_listener(each, access_log) for each in resources.listeners),
        routes=resources.routes,
        clusters=tuple(clusters),
        endpoints=resources.endpoints,
    )


def allow_insecure_dynamic_forward_proxy(cluster: Json) -> Json:
    """Say that a dynamic-forward-proxy cluster may go without checking names, as istiod means it.

    Envoy wants either auto_sni and auto_san_validation or this word where the cluster speaks HTTP; istiod gives neither
    to a cluster without TLS, in which there is no name to check.
    """
    kind = cluster.get("cluster_type", {})
    if kind.get("name") != _DYNAMIC_FORWARD_PROXY:
        return cluster
    options = cluster.get("typed_extension_protocol_options", {}).get(_HTTP_OPTIONS, {})
    if options.get("upstream_http_protocol_options", {}).get("auto_san_validation"):
        return cluster
    config = {**kind["typed_config"], "allow_insecure_cluster_options": True}
    return {**cluster, "cluster_type": {**kind, "typed_config": config}}


def one_logical_dns_endpoint(cluster: Json) -> Json:
    """Keep the first endpoint of a LOGICAL_DNS cluster that lists the same one several times.

    Envoy takes exactly one; istiod repeats it for every address of a ServiceEntry. Different ones are left for Envoy to
    refuse: to choose among them would change what is meant.
    """
    localities = cluster.get("load_assignment", {}).get("endpoints", [])
    endpoints = [(locality, each) for locality in localities for each in locality.get("lb_endpoints", ())]
    if cluster.get("type") != "LOGICAL_DNS" or len(endpoints) < 2:
        return cluster
    locality, first = endpoints[0]
    if any(other["endpoint"] != first["endpoint"] for _, other in endpoints):
        return cluster
    only = {**locality, "lb_endpoints": [first]}
    return {**cluster, "load_assignment": {**cluster["load_assignment"], "endpoints": [only]}}


def without_unused_mtls(cluster: Json) -> Json:
    """Drop the transport socket for endpoints that speak the mesh's mTLS, in a cluster that has none of them.

    It refers to the workload's certificate, which only a pod has; no connection would use it.
    """
    matches = cluster.get("transport_socket_matches", [])
    kept = [match for match in matches if match.get("match", {}).get("tlsMode") != "istio"]
    return cluster if len(kept) == len(matches) else {**cluster, "transport_socket_matches": kept}


_CLUSTER_STEPS: tuple[Callable[[Json], Json], ...] = (
    allow_insecure_dynamic_forward_proxy,
    one_logical_dns_endpoint,
    with_files,
)


def _local_cluster(cluster: Resource, *, keeps_mtls: bool) -> Resource:
    value = cluster.value if keeps_mtls else without_unused_mtls(cluster.value)
    for step in _CLUSTER_STEPS:
        value = step(value)
    return replace(cluster, value=value)


def _local_listener(listener: Resource, access_log: Path | None) -> Resource:
    if access_log is None:
        return listener
    return replace(listener, value=with_access_log(listener.value, access_log))


def _marked_for_mtls(resources: Resources) -> Iterable[str]:
    for endpoints in resources.endpoints:
        if _has_mtls_endpoint(endpoints.value):
            yield endpoints.name
    for cluster in resources.clusters:
        if _has_mtls_endpoint(cluster.value.get("load_assignment", {})):
            yield cluster.name


def _has_mtls_endpoint(assignment: Json) -> bool:
    return any(
        endpoint.get("metadata", {}).get("filter_metadata", {}).get("envoy.transport_socket_match", {}).get("tlsMode")
        == "istio"
        for locality in assignment.get("endpoints", ())
        for endpoint in locality.get("lb_endpoints", ())
    )


def _not_here(cluster: Resource, secret: str) -> Problem:
    origin = cluster.origins[0] if cluster.origins else Origin(file=cluster.name, line=1, column=1)
    return Problem(
        origin=origin,
        what=f"the certificate of cluster {cluster.name} exists only inside a mesh ({secret})",
        allowed="Outside of one, give files: caCertificates, clientCertificate and privateKey.",
    )
