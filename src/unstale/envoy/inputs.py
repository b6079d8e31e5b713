"""From texts to one sidecar's configuration: the way that every command takes.

Everything is kept as text until then, so that it can cross to another process and be compiled again for another
release.
"""

from __future__ import annotations

from dataclasses import dataclass

from unstale.envoy.compile import Target
from unstale.envoy.compile import compile as compile_manifests
from unstale.envoy.compiler import Compiler
from unstale.envoy.envoy_filter.value_faults import value_faults
from unstale.envoy.proxy import Proxy
from unstale.envoy.resource import Resources
from unstale.istio.load import load
from unstale.istio.loader import Loader
from unstale.istio.manifests import Manifests
from unstale.istio.mesh import MeshConfig
from unstale.istio.mesh_file import load_mesh
from unstale.istio.proxy_file import ProxyFile, load_proxy
from unstale.istio.schema import NEWEST
from unstale.istio.source import Source
from unstale.model.collector import keep, without_collector
from unstale.model.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the manifests are compiled for: the mesh, the pod and the release of Istio; None are Istio's defaults."""

    mesh: Source | None = None
    proxy: Source | None = None
    istio: str = NEWEST

    def load_mesh(self) -> MeshConfig:
        """Raises ManifestError."""
        return load_mesh(self.mesh) if self.mesh else MeshConfig()

    def load_proxy(self) -> Proxy:
        """Raises ManifestError."""
        return proxy_of(load_proxy(self.proxy)) if self.proxy else Proxy()

    def loader(self) -> Loader:
        """What reads the manifests of one session. Raises InputError."""
        return Loader(istio=self.istio, check_value=value_faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What was read, what Envoy gets, and what to warn of: of the texts first, then of what they come to."""

    manifests: Manifests
    mesh: MeshConfig
    proxy: Proxy
    resources: Resources
    warnings: tuple[Problem, ...]


class Session:
    """The same way taken again and again, as the texts change: what a change does not touch is not made anew.

    Resources of `Configuration.resources` that did not change are the same objects as in the one before.
    """

    def __init__(self, setting: Setting) -> None:
        """Raises InputError (ManifestError) where the mesh or the pod is not well described."""
        self._mesh, self._proxy = setting.load_mesh(), setting.load_proxy()
        self._loader = setting.loader()
        self._compiler = Compiler(Target(proxy=self._proxy, mesh=self._mesh, istio=setting.istio))
        self._is_new = True

    def compile(self, sources: tuple[Source, ...]) -> Configuration:
        """Read what changed and compile what it touches. Raises InputError (ManifestError with all problems).

        After an error the session goes on from the last texts that had none.
        """
        with without_collector():
            loaded = self._loader.load(sources)
            compiled = self._compiler.compile(loaded)
            if self._is_new:
                keep()  # or the collector's first round goes through all of it, a fifth of the time that making it took
                self._is_new = False
        return Configuration(
            manifests=loaded.manifests,
            mesh=self._mesh,
            proxy=self._proxy,
            resources=compiled.resources,
            warnings=(*loaded.manifests.warnings, *compiled.warnings),
        )


def compile_sources(sources: tuple[Source, ...], setting: Setting) -> Configuration:
    """Read everything and compile it. Raises InputError (ManifestError with all problems)."""
    mesh, proxy = setting.load_mesh(), setting.load_proxy()
    with without_collector():
        manifests = load(sources, istio=setting.istio, check_value=value_faults)
        compiled = compile_manifests(manifests, proxy=proxy, mesh=mesh, istio=setting.istio)
    return Configuration(
        manifests=manifests,
        mesh=mesh,
        proxy=proxy,
        resources=compiled.resources,
        warnings=(*manifests.warnings, *compiled.warnings),
    )


def proxy_of(file: ProxyFile) -> Proxy:
    """The pod that a file describes; what it leaves out is as in a pod that nobody described."""
    default = Proxy()
    return Proxy(
        namespace=file.namespace or default.namespace,
        labels=file.labels,
        ip_addresses=file.addresses or default.ip_addresses,
        metadata=file.metadata,
        cluster_id=file.cluster_id or default.cluster_id,
        locality=file.locality or default.locality,
        proxy_config=file.proxy_config,
    )
