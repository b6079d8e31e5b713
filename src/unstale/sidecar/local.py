"""The one small step between what istiod makes and what the local Envoy gets.

istiod writes for Istio's build of Envoy with Istio's agent beside it. The stock Envoy refuses a few things of that,
others refer to what is not here. Each is put right by one function that keeps its meaning; where there is no way to
keep it, the manifest's author is told instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from unstale.envoy.resource import Resource, Resources
from unstale.model.carry import carried, shared_ends
from unstale.model.collector import without_collector
from unstale.model.errors import ManifestError
from unstale.model.origin import Origin
from unstale.model.problem import Problem
from unstale.sidecar.access_log import Log, chain_with_access_log, with_access_log
from unstale.sidecar.secrets import MissingSecretError, with_files

Json = dict[str, Any]

_DYNAMIC_FORWARD_PROXY = "envoy.clusters.dynamic_forward_proxy"
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def localize(resources: Resources, *, access_log: Log | None) -> Resources:
    """The resources as the stock Envoy on this machine takes them, logging to `access_log` unless it is None.

    Raises ManifestError for what cannot be had outside a cluster.
    """
    return Localizer(access_log=access_log).localize(resources)


class Localizer:
    """Localizes one configuration after another; for a resource that is the same object as before gives the same.

    Within a listener the same is true of each filter chain. Of a cluster that is another object but says the same, the
    value is the same.
    """

    def __init__(self, *, access_log: Log | None, last_step: Callable[[Json], Json] = with_files) -> None:
        self._access_log = access_log
        self._last_step = last_step
        self._before = Resources()
        self._clusters: Sequence[Resource] = ()
        self._listeners: dict[int, _LocalListener] = {}

    def localize(self, resources: Resources) -> Resources:
        """As the function of that name. Raises ManifestError for what cannot be had outside a cluster."""
        with without_collector():
            clusters = self._local_clusters(resources)
            local = Resources(
                clusters=tuple(clusters),
                listeners=self._local_listeners(resources.listeners),
                routes=resources.routes,
                endpoints=resources.endpoints,
            )
        self._before, self._clusters = resources, clusters
        return local

    def _local_clusters(self, resources: Resources) -> list[Resource]:
        known = carried(self._before.clusters, self._clusters, resources.clusters)
        others = self._with_other_endpoints(resources)
        again = sorted({*known.unknown, *others})
        endpoints = {one.name: one for one in resources.endpoints} if again else {}
        alike = {source.name: (source, local) for source, local in known.gone}
        problems: list[Problem] = []
        for at in again:
            cluster = resources.clusters[at]
            source, local = alike.get(cluster.name, (None, None)) if at not in others else (None, None)
            if source is not None and local is not None and source.value == cluster.value:
                known.results[at] = replace(cluster, value=local.value)
                continue
            try:
                keeps_mtls = _is_marked(cluster, endpoints.get(cluster.name))
                known.results[at] = _local_cluster(cluster, keeps_mtls=keeps_mtls, last_step=self._last_step)
            except MissingSecretError as error:
                problems.append(_not_here(cluster, error))
        if problems:
            raise ManifestError(problems)
        return [one for one in known.results if one is not None]

    def _with_other_endpoints(self, resources: Resources) -> set[int]:
        """The places of clusters whose endpoints are sent apart and are not those of before."""
        now, before = resources.endpoints, self._before.endpoints
        head, tail = shared_ends(before, now)
        old = {one.name: one.value for one in before[head : len(before) - tail]}
        new = {one.name: one.value for one in now[head : len(now) - tail]}
        names = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
        return {at for at, cluster in enumerate(resources.clusters) if cluster.name in names} if names else set()

    def _local_listeners(self, listeners: tuple[Resource, ...]) -> tuple[Resource, ...]:
        if self._access_log is None:
            return listeners
        before = self._listeners
        by_name: dict[str, _LocalListener] = {}
        self._listeners = {}
        for listener in listeners:
            local = before.get(id(listener))
            if local is None:
                by_name = by_name or {one.source.name: one for one in before.values()}
                local = _local_listener(listener, self._access_log, by_name.get(listener.name))
            self._listeners[id(listener)] = local
        return tuple([one.resource for one in self._listeners.values()])


@dataclass(frozen=True, slots=True, kw_only=True)
class _LocalListener:
    """What a listener became."""

    source: Resource
    resource: Resource


def _local_listener(listener: Resource, access_log: Log, before: _LocalListener | None) -> _LocalListener:
    chains = _chains(listener)
    known = carried(*((_chains(before.source), _chains(before.resource)) if before else ((), ())), chains)
    for at in known.unknown:
        known.results[at] = chain_with_access_log(chains[at], access_log)
    value = with_access_log({**listener.value, "filter_chains": []} if chains else listener.value, access_log)
    if chains:
        value["filter_chains"] = known.results
    return _LocalListener(source=listener, resource=replace(listener, value=value))


def _chains(listener: Resource) -> Sequence[Json]:
    chains: Sequence[Json] = listener.value.get("filter_chains", [])
    return chains


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
)


def _local_cluster(cluster: Resource, *, keeps_mtls: bool, last_step: Callable[[Json], Json]) -> Resource:
    value = cluster.value if keeps_mtls else without_unused_mtls(cluster.value)
    for step in (*_CLUSTER_STEPS, last_step):
        value = step(value)
    return replace(cluster, value=value)


def _is_marked(cluster: Resource, endpoints: Resource | None) -> bool:
    """Some endpoint of it speaks the mesh's mTLS."""
    if endpoints is not None and _has_mtls_endpoint(endpoints.value):
        return True
    return _has_mtls_endpoint(cluster.value.get("load_assignment", {}))


def _has_mtls_endpoint(assignment: Json) -> bool:
    return any(
        endpoint.get("metadata", {}).get("filter_metadata", {}).get("envoy.transport_socket_match", {}).get("tlsMode")
        == "istio"
        for locality in assignment.get("endpoints", ())
        for endpoint in locality.get("lb_endpoints", ())
    )


def _not_here(cluster: Resource, missing: MissingSecretError) -> Problem:
    origin = cluster.origins[0] if cluster.origins else Origin(file=cluster.name, line=1, column=1)
    return Problem(
        origin=origin, what=f"the certificate of cluster {cluster.name} {missing.why}", allowed=missing.allowed
    )
