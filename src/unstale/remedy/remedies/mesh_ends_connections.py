"""An age for the application's connections, for the whole mesh at once.

What it does
Sets `defaultConfig.connectionSettings.httpMaxConnectionDuration` in MeshConfig (Istio 1.31 or newer), without a
ServiceEntry. At that age the sidecar answers with `connection: close`; the application connects anew and looks the host
up. It cures what leaves time, and repeats nothing. The mesh's `defaultTrafficPolicy` does not reach such connections.

How it is proved
In rotation-slow, under the policy mesh-max-age.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.remedy.editing.edit import Edit, Path
from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Because, Manifest, seconds
from unstale.remedy.parts.connection_settings import USUAL_AGE_S, mesh_config
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site

_AGE: Path = ("defaultConfig", "connectionSettings", "httpMaxConnectionDuration")


def _edits(site: Site) -> Iterator[Edit]:
    """In a file that holds MeshConfig itself or the mesh's part of an IstioOperator; a text inside of one is left."""
    prefix: Path = ("spec", "meshConfig") if site.written.kind == "IstioOperator" else ()
    if site.written.kind == "ConfigMap":
        return
    age_s = site.known.ttl_s or USUAL_AGE_S
    yield site.set(
        (*prefix, *_AGE), Because(seconds(age_s), "then the application connects anew and looks the host up")
    )


def _manifests(facts: HostFacts) -> Iterator[Manifest]:
    yield mesh_config(facts.ttl_s)


REMEDY = Remedy(
    codes=("UNS409",),
    causes=("lb_ip_changed",),
    scenarios=("rotation-slow",),
    edits=_edits,
    manifests=_manifests,
    since=31,
)
