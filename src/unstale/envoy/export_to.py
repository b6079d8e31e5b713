"""Who may see a resource: `exportTo` with its signs for all, own namespace and nobody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum


class Visibility(IntEnum):
    """How a namespace comes to see a resource; lower ones come first where order decides (SC-5)."""

    PRIVATE = 0
    NAMED = 1
    PUBLIC = 2


def visibility(export_to: Sequence[str], owner: str, viewer: str, default: Sequence[str]) -> Visibility | None:
    """How `viewer` sees a resource of `owner`; None if it does not.

    The mesh's default stands in for an empty list; of it only `*` and `.` are honoured.
    """
    if not export_to:
        if "." in default:
            return Visibility.PRIVATE if owner == viewer else None
        return Visibility.PUBLIC if "*" in default else None
    if "*" in export_to:
        return Visibility.PUBLIC
    if "~" in export_to:
        return None
    if owner == viewer and ("." in export_to or owner in export_to):
        return Visibility.PRIVATE
    return Visibility.NAMED if viewer in export_to else None


def resolved(export_to: Iterable[str], owner: str, default: Iterable[str]) -> frozenset[str]:
    """The namespaces that see the resource, `*` for all; comparable between resources of one namespace."""
    return frozenset(owner if name == "." else name for name in (tuple(export_to) or tuple(default)))
