"""Files often hold one object several times: one for each environment, or as steps. Only one is ever there."""

from __future__ import annotations

from unstale.istio.metadata import Metadata


def is_same_object(one: Metadata, other: Metadata) -> bool:
    """Of two objects of one kind: applying the one replaces the other, so they cannot compete."""
    return (one.namespace, one.name) == (other.namespace, other.name)
