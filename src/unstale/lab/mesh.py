"""Add fields to the mesh's settings: for scenarios in which the mesh itself is set so that calls fail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import yaml

from unstale.envoy.inputs import Setting
from unstale.istio.source import Source


def with_mesh(setting: Setting, fields: dict[str, Any]) -> Setting:
    """`setting` with these fields of MeshConfig in the place of its own; the rest of what was given stays.

    Raises ManifestError where the mesh settings that were given cannot be read.
    """
    setting.load_mesh()
    given = yaml.safe_load(setting.mesh.text) if setting.mesh else None
    text = yaml.safe_dump(_bare(given or {}) | fields, sort_keys=False)
    name = setting.mesh.name if setting.mesh else "mesh-config.yaml"
    return replace(setting, mesh=Source(name=name, text=text))


def _bare(document: dict[str, Any]) -> dict[str, Any]:
    """The MeshConfig in any of the files that people have it in: bare, ConfigMap, IstioOperator, the chart's values."""
    found: Any = document
    if document.get("kind") == "ConfigMap":
        found = yaml.safe_load(document["data"]["mesh"])
    elif document.get("kind") == "IstioOperator":
        found = document["spec"].get("meshConfig")
    elif "meshConfig" in document:
        found = document["meshConfig"]
    return dict(found or {})
