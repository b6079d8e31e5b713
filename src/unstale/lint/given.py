"""What the linter was given: the manifests and all that is known besides them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from unstale.envoy.mesh_settings import known_settings
from unstale.envoy.proxy import Proxy
from unstale.envoy.release import Release
from unstale.istio.manifests import Manifests
from unstale.istio.mesh import MeshConfig
from unstale.lint.dns_answer import DnsAnswer
from unstale.lint.ignores import Ignore
from unstale.lint.surroundings import Surroundings, Tree


@dataclass(kw_only=True)
class Given:
    """`proxy` None means that every object is seen as a pod of its own namespace sees it.

    `mesh_tree` is the mesh's file as it is written, for settings that shape no traffic. `idle_ignores` are known when
    all other rules were applied. What is derived is kept, so the class is neither frozen nor without a dictionary.
    """

    manifests: Manifests
    mesh: MeshConfig
    proxy: Proxy | None
    release: Release
    dns: Mapping[str, DnsAnswer] | None = None
    has_mesh: bool = False
    surroundings: Surroundings = field(default_factory=Surroundings)
    mesh_tree: Tree | None = None
    ignores: tuple[Ignore, ...] = ()
    idle_ignores: tuple[tuple[Ignore, tuple[str, ...]], ...] = ()

    def knows(self, need: str | None) -> bool:
        """What a rule needs beside the manifests is there."""
        match need:
            case None:
                return True
            case "mesh":
                return self.has_mesh
            case "dns":
                return self.dns is not None
            case "gateways":
                return next(self.surroundings.of("Gateway"), None) is not None
            case "finished gateways":
                return not self.surroundings.is_unfinished and self.knows("gateways")
            case "finished services":
                return not self.surroundings.is_unfinished and next(self.surroundings.of("Service"), None) is not None
            case "peers":
                return next(self.surroundings.of("PeerAuthentication"), None) is not None
        return False

    @cached_property
    def settings(self) -> MeshConfig:
        """The mesh's settings as far as the release knows them."""
        return known_settings(self.mesh, self.release)[0]

    def namespace(self, own: str) -> str:
        """Whose pods are asked about: those of the proxy's namespace, else of the object's own."""
        return self.proxy.namespace if self.proxy else own

    def answer(self, host: str) -> DnsAnswer | None:
        """What DNS said of a host, None where it was not asked."""
        return None if self.dns is None else self.dns.get(host)

    @property
    def unless_mesh(self) -> str:
        """What a message adds where a default of Istio's holds and the mesh's settings are not known."""
        return "" if self.has_mesh else " (unless MeshConfig says otherwise)"
