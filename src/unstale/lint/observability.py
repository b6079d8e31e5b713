"""What the mesh's settings say of logs."""

from __future__ import annotations

from unstale.lint.view import View
from unstale.model.origin import Origin


def has_access_log(view: View) -> bool:
    """A file, a default provider or a Telemetry; the settings of the mesh must be known."""
    tree = view.mesh_tree
    if any(one.tree.find("spec", "accessLogging") for one in view.surroundings.of("Telemetry")):
        return True
    if tree is None:
        return False
    providers = tree.find("defaultProviders", "accessLogging")
    return bool(tree.find("accessLogFile").text) or next(iter(providers.items()), None) is not None


def settings_place(view: View, name: str) -> Origin:
    """Where a setting of the mesh is written, or where the settings are."""
    tree = view.mesh_tree
    if tree is None:
        return view.mesh.origin
    found = tree.find(name)
    return found.origin if found else tree.origin
