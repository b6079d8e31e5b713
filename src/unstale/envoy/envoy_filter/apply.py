"""The whole pass: compiled resources in, patched ones out (EF).

istiod keeps what it had when a patch crashes it and loses the patches behind; here a patch that cannot be applied is
left out alone and told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from unstale.envoy.envoy_filter.cluster import needed_endpoints, patch_clusters
from unstale.envoy.envoy_filter.listener import patch_listeners
from unstale.envoy.envoy_filter.patch import Applied
from unstale.envoy.envoy_filter.route_configuration import needed_routes, patch_route_configurations
from unstale.envoy.envoy_filter.selection import select_patches
from unstale.envoy.proxy import Proxy
from unstale.envoy.resource import Resource, Resources
from unstale.istio.envoy_filter import EnvoyFilter
from unstale.model.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Patched:
    """The resources after all patches, and what the patches did otherwise than they say."""

    resources: Resources
    warnings: tuple[Problem, ...] = ()


def apply_envoy_filters(
    resources: Resources,
    filters: Iterable[EnvoyFilter],
    *,
    proxy: Proxy,
    root_namespace: str,
    version: str,
    requested_route: Callable[[str], Resource | None],
) -> Patched:
    """`version` is the proxy's, such as 1.32.0; `requested_route` makes what an added listener asks for.

    Resources that no listener or cluster asks for any more are dropped.
    """
    applied = Applied()
    patches = select_patches(filters, proxy, root_namespace, version, applied)
    if not patches:
        return Patched(resources=resources, warnings=tuple(applied.warnings))
    listeners = patch_listeners(resources.listeners, patches, applied)
    needed = needed_routes(resources.routes, listeners, requested_route)
    routes = patch_route_configurations(needed, patches, applied)
    clusters = patch_clusters(resources.clusters, patches.get("CLUSTER", ()), applied)
    return Patched(
        resources=Resources(
            listeners=tuple(listeners),
            routes=tuple(routes),
            clusters=tuple(clusters),
            endpoints=tuple(needed_endpoints(resources.endpoints, clusters)),
        ),
        warnings=tuple(applied.warnings),
    )
