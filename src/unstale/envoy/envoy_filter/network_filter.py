"""NETWORK_FILTER patches: first what adds, replaces and removes, then what merges into the filters that are left."""

from __future__ import annotations

from collections.abc import Sequence

from unstale.envoy.envoy_filter.filter_merge import merged_filter
from unstale.envoy.envoy_filter.http_filter import patch_http_filters
from unstale.envoy.envoy_filter.patch import Applied, Operation, Patch
from unstale.envoy.envoy_filter.placement import named, placed, with_list
from unstale.envoy.resource import Json

HTTP_CONNECTION_MANAGER = "envoy.filters.network.http_connection_manager"


def patch_network_filters(chain: Json, network: Sequence[Patch], http: Sequence[Patch], applied: Applied) -> Json:
    """The chain with its filters patched; all patches are for this chain."""
    filters: list[Json] = list(chain["filters"])
    for patch in network:
        changed = placed(filters, patch, patch.added, named(patch.match.network_filter))
        if changed is not None:
            applied.by(patch)
            filters = changed
    merging = [patch for patch in network if patch.operation is Operation.MERGE]
    filters = [_patched(one, merging, http, applied) for one in filters]
    return with_list(chain, "filters", filters)


def _patched(one: Json, merging: Sequence[Patch], http: Sequence[Patch], applied: Applied) -> Json:
    for patch in merging:
        if patch.match.network_filter in (None, one.get("name", "")):
            one = merged_filter(one, patch, applied)
    if one.get("name") != HTTP_CONNECTION_MANAGER or "typed_config" not in one:
        return one
    ours = [patch for patch in http if patch.match.network_filter in (None, HTTP_CONNECTION_MANAGER)]
    return {**one, "typed_config": patch_http_filters(one["typed_config"], ours, applied)} if ours else one
