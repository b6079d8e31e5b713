"""HTTP_FILTER patches on one http_connection_manager (EF-8)."""

from __future__ import annotations

from collections.abc import Sequence

from unstale.envoy.envoy_filter import api
from unstale.envoy.envoy_filter.filter_merge import merged_filter
from unstale.envoy.envoy_filter.patch import Applied, Operation, Patch
from unstale.envoy.envoy_filter.placement import named, placed, with_list
from unstale.envoy.resource import Json


def patch_http_filters(manager: Json, patches: Sequence[Patch], applied: Applied) -> Json:
    """The configuration of the manager with its filters patched; another configuration stays as it is."""
    known = api.type_of(manager)
    if known is None or known.name != api.HTTP_CONNECTION_MANAGER:
        return manager
    filters: list[Json] = list(manager.get("http_filters", ()))
    for patch in patches:
        changed = placed(filters, patch, patch.added, named(patch.match.http_filter))
        if changed is not None:
            applied.by(patch)
            filters = changed
    merging = [patch for patch in patches if patch.operation is Operation.MERGE]
    filters = [_merged(one, merging, applied) for one in filters]
    return with_list(manager, "http_filters", filters)


def _merged(one: Json, merging: Sequence[Patch], applied: Applied) -> Json:
    for patch in merging:
        if patch.match.http_filter in (None, one.get("name", "")):
            one = merged_filter(one, patch, applied)
    return one
