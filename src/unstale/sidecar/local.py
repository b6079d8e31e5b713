"""The one small step between what istiod makes and what the local Envoy gets.

istiod writes for Istio's build of Envoy with Istio's agent beside it. The stock Envoy refuses a few things of that,
others refer to what is not here. Each is put right by one function that keeps its meaning; where there is no way to
keep it, the manifest's author is told instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from unstale.envoy.resource import Resource, Resources
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

    Within a listener the same is true of each filter chain. What is known is kept by the identity of the object that
    it was made from, which is kept as well.
    """

    def __init__(self, *, access_log: Log | None, last_step: Callable[[Json], Json] = with_files) -> None:
        self._access_log = access_log
        self._last_step = last_step
        self._before = Resources()
        self._clusters: dict[int, Resource] = {}
        self._listeners: dict[int, _LocalListener] = {}

    def localize(self, resources: Resources) -> Resources:
        """As the function of that name. Raises ManifestError for what cannot be had outside a cluster."""
        with without_collector():
            local = Resources(
                clusters=tuple(self._local_clusters(resources)),
                listeners=self._local_listeners(resources.listeners),
                routes=resources.routes,
                endpoints=resources.endpoints,
            )
        self._before = resources
        return local

    def _local_clusters(self, resources: Resources) -> list[Resource]:
        ids = list(map(id, resources.clusters))
        # Whole lists at once: of ten thousand hosts one changed, and each of the others is only passed by.
        found = list(map(self._clusters.get, ids))
        again = self._with_other_endpoints(resources)
        if not all(found):
            again.update(at for at, local in enumerate(found) if local is None)
        endpoints = {one.name: one for one in resources.endpoints} if again else {}
        problems: list[Problem] = []
        for at in sorted(again):
            cluster = resources.clusters[at]
            try:
                keeps_mtls = _is_marked(cluster, endpoints.get(cluster.name))
                found[at] = _local_cluster(cluster, keeps_mtls=keeps_mtls, last_step=self._last_step)
            except MissingSecretError as error:
                problems.append(_not_here(cluster, error))
        if problems:
            raise ManifestError(problems)
        local = [one for one in found if one is not None]
        self._clusters = dict(zip(ids, local, strict=True))
        return local

    def _with_other_endpoints(self, resources: Resources) -> set[int]:
        """The places of clusters whose endpoints are sent apart and are not those of before."""
        now, before = set(map(id, resources.endpoints)), set(map(id, self._before.endpoints))
        if now == before:
            return set()
        several = (*self._before.endpoints, *resources.endpoints)
        names = {one.name for one in several if id(one) not in now or id(one) not in before}
        return {at for at, cluster in enumerate(resources.clusters) if cluster.name in names}

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
    """What a listener became, and by identity what each of its chains did."""

    source: Resource
    resource: Resource
    chains: dict[int, tuple[Json, Json]]


def _local_listener(listener: Resource, access_log: Log, before: _LocalListener | None) -> _LocalListener:
    chains: list[Json] = listener.value.get("filter_chains", [])
    known = before.chains if before else {}
    ids = list(map(id, chains))
    found = list(map(known.get, ids))
    made = [
        pair or (chain, chain_with_access_log(chain, access_log)) for chain, pair in zip(chains, found, strict=True)
    ]
    value = with_access_log({**listener.value, "filter_chains": []} if chains else listener.value, access_log)
    if chains:
        value["filter_chains"] = [local for _, local in made]
    return _LocalListener(
        source=listener, resource=replace(listener, value=value), chains=dict(zip(ids, made, strict=True))
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
