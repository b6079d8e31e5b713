"""The whole pass: compiled resources in, patched ones out (EF).

istiod keeps what it had when a patch crashes it and loses the patches behind; here a patch that cannot be applied is
left out alone and told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import is_

from unstale.envoy.envoy_filter.cluster import needed_endpoints, patch_clusters
from unstale.envoy.envoy_filter.listener import patch_listeners
from unstale.envoy.envoy_filter.memory import Memory
from unstale.envoy.envoy_filter.patch import Applied, Patch
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


class Patching:
    """Applies EnvoyFilters to one configuration after another, for one proxy of one release.

    For as long as the filters are the same objects, a resource that is the same object comes to the same one.
    """

    def __init__(self, *, proxy: Proxy, root_namespace: str, version: str) -> None:
        """`version` is the proxy's, such as 1.32.0."""
        self._proxy, self._root_namespace, self._version = proxy, root_namespace, version
        self._filters: tuple[EnvoyFilter, ...] = ()
        self._patches: Mapping[str, list[Patch]] = {}
        self._told: tuple[Problem, ...] = ()
        self._memory = Memory()

    def apply(
        self,
        resources: Resources,
        filters: tuple[EnvoyFilter, ...],
        *,
        requested_route: Callable[[str], Resource | None],
    ) -> Patched:
        """`requested_route` makes what an added listener asks for.

        Resources that no listener or cluster asks for any more are dropped.
        """
        self._select(filters)
        patches = self._patches
        if not patches:
            return Patched(resources=resources, warnings=self._told)
        applied = Applied()
        applied.warnings.update(dict.fromkeys(self._told))
        listeners = patch_listeners(resources.listeners, patches, applied, self._memory)
        needed = needed_routes(resources.routes, listeners, requested_route, self._memory)
        routes = patch_route_configurations(needed, patches, applied, self._memory)
        clusters = patch_clusters(resources.clusters, patches.get("CLUSTER", ()), applied, self._memory.clusters)
        return Patched(
            resources=Resources(
                listeners=tuple(listeners),
                routes=tuple(routes),
                clusters=tuple(clusters),
                endpoints=tuple(needed_endpoints(resources.endpoints, clusters)),
            ),
            warnings=tuple(applied.warnings),
        )

    def _select(self, filters: tuple[EnvoyFilter, ...]) -> None:
        """The patches for this proxy; with others nothing of before is of use."""
        if len(filters) == len(self._filters) and all(map(is_, filters, self._filters)):
            return
        applied = Applied()
        self._patches = select_patches(filters, self._proxy, self._root_namespace, self._version, applied)
        self._filters, self._told, self._memory = filters, tuple(applied.warnings), Memory()
