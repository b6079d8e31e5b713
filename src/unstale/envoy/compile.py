"""From manifests to everything that one sidecar's Envoy gets for its outbound path."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from unstale.envoy.assembly import Assembly, assemble
from unstale.envoy.envoy_filter.apply import Patching
from unstale.envoy.parts import Parts, parts_of
from unstale.envoy.proxy import Proxy
from unstale.envoy.release import NEWEST, parse_release
from unstale.envoy.resource import Resource, Resources
from unstale.envoy.routes import Routes
from unstale.envoy.scope import Scope, build_scope
from unstale.envoy.sidecar_choice import sidecar_conflicts
from unstale.istio.manifests import Manifests
from unstale.istio.mesh import MeshConfig
from unstale.model.problem import Problem

_DEFAULT_PROXY = Proxy()
_DEFAULT_MESH = MeshConfig()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What manifests are compiled for: a pod in a mesh of one release."""

    proxy: Proxy
    mesh: MeshConfig
    istio: str

    def scope(self, manifests: Manifests) -> Scope:
        """What the pod sees of them."""
        return build_scope(manifests, self.proxy.with_topology(), self.mesh, parse_release(self.istio))

    def patching(self) -> Patching:
        """EnvoyFilters as they are for this pod."""
        return Patching(
            proxy=self.proxy.with_topology(), root_namespace=self.mesh.root_namespace, version=f"{self.istio}.0"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What Istio's control plane would send, and what of the manifests it does not contain yet."""

    resources: Resources
    warnings: tuple[Problem, ...]


def compile(  # noqa: A001 - what it does is called so
    manifests: Manifests, *, proxy: Proxy = _DEFAULT_PROXY, mesh: MeshConfig = _DEFAULT_MESH, istio: str = NEWEST
) -> Compiled:
    """Istio's own telemetry filters apart, field by field what istiod of that release makes."""
    target = Target(proxy=proxy, mesh=mesh, istio=istio)
    scope = target.scope(manifests)
    parts = parts_of(scope, manifests)
    assembly = assemble(scope, parts)
    requested = Routes.of(scope).requested
    return finish(target, manifests, scope, parts, assembly, target.patching(), requested_route=requested)


def finish(
    target: Target,
    manifests: Manifests,
    scope: Scope,
    parts: Parts,
    assembly: Assembly,
    patching: Patching,
    *,
    requested_route: Callable[[str], Resource | None],
) -> Compiled:
    """The last step: EnvoyFilters change what the hosts gave; all warnings, in the order of their places.

    Of the scope only what is no host's is asked; `requested_route` makes what an added listener asks for.
    """
    patched = patching.apply(assembly.resources(parts), manifests.envoy_filters, requested_route=requested_route)
    warnings: list[Problem] = [*scope.problems, *assembly.problems, *patched.warnings]
    for some in parts.problems.values():
        warnings.extend(some)
    warnings.extend(sidecar_conflicts(manifests.sidecars, scope.proxy, target.mesh))
    return Compiled(resources=patched.resources, warnings=_in_order(warnings))


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each once."""
    return tuple(sorted(set(problems), key=lambda one: (one.origin, one.what, one.allowed)))
