"""From manifests to everything that one sidecar's Envoy gets for its outbound path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from unstale.envoy.clusters import outbound_clusters
from unstale.envoy.conflicts import conflicts
from unstale.envoy.control_plane_faults import control_plane_faults
from unstale.envoy.envoy_filter.apply import apply_envoy_filters
from unstale.envoy.listener import listener_resource
from unstale.envoy.listeners import outbound_listeners
from unstale.envoy.not_applied import not_applied
from unstale.envoy.proxy import Proxy
from unstale.envoy.release import NEWEST, parse_release
from unstale.envoy.resource import Resources
from unstale.envoy.routes import outbound_routes, requested_route
from unstale.envoy.scope import build_scope
from unstale.envoy.sidecar_choice import sidecar_conflicts
from unstale.envoy.virtual_outbound import http_proxy_listener, virtual_outbound
from unstale.istio.manifests import Manifests
from unstale.istio.mesh import MeshConfig
from unstale.model.problem import Problem

_DEFAULT_PROXY = Proxy()
_DEFAULT_MESH = MeshConfig()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What Istio's control plane would send, and what of the manifests it does not contain yet."""

    resources: Resources
    warnings: tuple[Problem, ...]


def compile(  # noqa: A001 - what it does is called so
    manifests: Manifests, *, proxy: Proxy = _DEFAULT_PROXY, mesh: MeshConfig = _DEFAULT_MESH, istio: str = NEWEST
) -> Compiled:
    """Istio's own telemetry filters apart, field by field what istiod of that release makes."""
    scope = build_scope(manifests, proxy.with_topology(), mesh, parse_release(istio))
    listeners = outbound_listeners(scope)
    http_proxy = http_proxy_listener(scope)
    if http_proxy is not None:
        listeners.append(http_proxy)
    always = virtual_outbound(scope)
    clusters = list(outbound_clusters(scope))
    resources = Resources(
        listeners=(
            *([always] if always else []),
            *(listener_resource(scope, listener) for listener in listeners),
        ),
        routes=tuple(outbound_routes(scope, listeners)),
        clusters=tuple(cluster.resource for cluster in clusters),
        endpoints=tuple(cluster.endpoints for cluster in clusters if cluster.endpoints is not None),
    )
    patched = apply_envoy_filters(
        resources,
        manifests.envoy_filters,
        proxy=scope.proxy,
        root_namespace=mesh.root_namespace,
        version=f"{istio}.0",
        requested_route=partial(requested_route, scope),
    )
    warnings = (
        *not_applied(manifests, scope.release),
        *scope.problems,
        *control_plane_faults(scope),
        *conflicts(scope, manifests.destination_rules, listeners),
        *sidecar_conflicts(manifests.sidecars, scope.proxy, mesh),
        *patched.warnings,
    )
    return Compiled(resources=patched.resources, warnings=tuple(dict.fromkeys(warnings)))
