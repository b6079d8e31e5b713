"""MERGE into one network or HTTP filter: its name and its configuration, never its lists replaced."""

from __future__ import annotations

from unstale.envoy.envoy_filter.merge import TypesDifferError, merged_any
from unstale.envoy.envoy_filter.patch import Applied, Patch
from unstale.envoy.resource import Json


def merged_filter(known: Json, patch: Patch, applied: Applied) -> Json:
    """A filter with the name and the configuration of the patch merged into its own."""
    if "typed_config" not in known:
        return known
    result = {**known, "name": patch.value.get("name") or known.get("name", "")}
    if "typed_config" in patch.value:
        try:
            result["typed_config"] = merged_any(known["typed_config"], patch.value["typed_config"])
        except TypesDifferError as error:
            consequence = "The filter stays as it is; istiod loses all patches of the listeners. Name the filter."
            applied.warn(patch, str(error), consequence)
            return known
    applied.by(patch)
    return result
