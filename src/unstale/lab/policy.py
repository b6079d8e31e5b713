"""A policy: how the application behaves, and which manifests the sidecar gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.resources import files
from string import Template

from unstale.envoy.inputs import Setting
from unstale.istio.source import Source
from unstale.lab.apps import KEEP_ALIVE, App
from unstale.lab.target import Target


def template(name: str, target: Target) -> Source:
    """The manifest template `name` of the policies' folder, filled in for the target."""
    text = Template(files("unstale.lab.policies").joinpath(name).read_text())
    words = {"name": target.host.replace(".", "-"), "host": target.host, "port": target.port}
    return Source(name=name, text=text.substitute(words))


def _nothing(target: Target) -> tuple[Source, ...]:
    return (template("neighbour.yaml", target),)


def _no_mesh(_: Target) -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`manifests` writes the sources for the host that is called; by default the host is unknown to the mesh.

    A policy whose manifests have a host of their own names it in `target`. One that changes the mesh's settings writes
    them with `mesh`, where it has any for that target; they stand in for those that were given.
    """

    app: App = KEEP_ALIVE
    manifests: Callable[[Target], tuple[Source, ...]] = _nothing
    target: Target | None = None
    mesh: Callable[[Target], Source | None] = _no_mesh

    def setting(self, target: Target, given: Setting) -> Setting:
        """What the policy's manifests are compiled for."""
        mesh = self.mesh(target)
        return given if mesh is None else replace(given, mesh=mesh)
