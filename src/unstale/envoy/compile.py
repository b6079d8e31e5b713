"""From manifests to everything that one sidecar's Envoy gets for its outbound path."""

from __future__ import annotations

from dataclasses import dataclass

from unstale.envoy.clusters import outbound_clusters
from unstale.envoy.listeners import listener_resource, outbound_listeners, virtual_outbound
from unstale.envoy.mesh import MeshConfig
from unstale.envoy.not_applied import not_applied
from unstale.envoy.proxy import Proxy
from unstale.envoy.resource import Resources
from unstale.envoy.routes import outbound_routes
from unstale.envoy.scope import build_scope
from unstale.istio.manifests import Manifests
from unstale.model.problem import Problem

_DEFAULT_PROXY = Proxy()
_DEFAULT_MESH = MeshConfig()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What Istio's control plane would send, and what of the manifests it does not contain yet."""

    resources: Resources
    warnings: tuple[Problem, ...]


def compile(  # noqa: A001 - what it does is called so
    manifests: Manifests, *, proxy: Proxy = _DEFAULT_PROXY, mesh: MeshConfig = _DEFAULT_MESH
) -> Compiled:
    """Istio's own telemetry filters apart, field by field what istiod makes (1.32)."""
    scope = build_scope(manifests, proxy, mesh)
    listeners = outbound_listeners(scope)
    clusters = list(outbound_clusters(scope))
    return Compiled(
        resources=Resources(
            listeners=(
                virtual_outbound(scope),
                *(listener_resource(scope, listener) for listener in listeners),
            ),
            routes=tuple(outbound_routes(scope, listeners)),
            clusters=tuple(cluster.resource for cluster in clusters),
            endpoints=tuple(cluster.endpoints for cluster in clusters if cluster.endpoints is not None),
        ),
        warnings=not_applied(manifests),
    )
