"""The mesh ends the application's connections at an age: `connectionSettings.httpMaxConnectionDuration`, no more.

One setting in MeshConfig (Istio 1.31 or newer) for all hosts, without a ServiceEntry: at that age the sidecar answers
with `connection: close`, the application connects anew and looks the host up for it. No request fails by that. It cures
what leaves time, such as a slow rotation; what breaks at once still breaks, for nothing is retried.
"""

from __future__ import annotations

from unstale.istio.source import Source
from unstale.lab.policy import Policy
from unstale.lab.target import Target
from unstale.remedy.parts.connection_settings import mesh_config
from unstale.remedy.writing import yaml_text


def _mesh(target: Target) -> Source:
    ttl_s = target.world.ttl_s if target.world else None
    return Source(name="mesh-config.yaml", text=yaml_text(mesh_config(ttl_s)))


POLICY = Policy(mesh=_mesh)
