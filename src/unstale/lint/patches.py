"""The patches of EnvoyFilters as they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from unstale.envoy.envoy_filter.conditions import match_of
from unstale.envoy.envoy_filter.patch import Match
from unstale.istio.envoy_filter import ApplyTo, EnvoyConfigObjectPatch, Patch, PatchOperation
from unstale.lint.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """`entry` is the item of `configPatches`; `value` is empty where none is written."""

    entry: EnvoyConfigObjectPatch
    patch: Patch

    @property
    def apply_to(self) -> ApplyTo | None:
        """The kind of object."""
        return self.entry.apply_to

    @property
    def operation(self) -> PatchOperation | None:
        """What is done to it."""
        return self.patch.operation

    @property
    def value(self) -> Mapping[str, Any]:
        """In protobuf's JSON, of either spelling."""
        return self.patch.value or {}

    @property
    def conditions(self) -> Match:
        """Its match in one row."""
        return match_of(self.entry.match)


def written_patches(view: View) -> Iterator[Written]:
    """All of them, in the order of the manifests."""
    for one in view.manifests.envoy_filters:
        for entry in one.config_patches:
            if entry.patch is not None:
                yield Written(entry=entry, patch=entry.patch)
