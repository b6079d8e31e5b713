"""LISTENER_FILTER patches.

istiod's own MERGE here ignores which filter the patch names and writes into objects that other listeners share (EF-10):
the named filter alone is merged here.
"""

from __future__ import annotations

from collections.abc import Sequence

from unstale.envoy.envoy_filter.merge import TypesDifferError, merged_any
from unstale.envoy.envoy_filter.patch import Applied, Operation, Patch
from unstale.envoy.envoy_filter.placement import named, placed, with_list
from unstale.envoy.resource import Json


def patch_listener_filters(listener: Json, patches: Sequence[Patch], applied: Applied) -> Json:
    """The listener with its listener filters patched."""
    filters = list(listener.get("listener_filters", ()))
    before = filters
    for patch in patches:
        wanted = patch.match.listener_filter
        if patch.operation is Operation.MERGE:
            changed = _merged(filters, patch, applied) if wanted else None
        else:
            changed = placed(filters, patch, patch.added, named(wanted or None))
        if changed is not None:
            applied.by(patch)
            filters = changed
    if filters is before:
        return listener
    return with_list(listener, "listener_filters", filters)


def _merged(filters: list[Json], patch: Patch, applied: Applied) -> list[Json] | None:
    result, is_changed = [], False
    for one in filters:
        if one.get("name") == patch.match.listener_filter and "typed_config" in one and "typed_config" in patch.value:
            try:
                one = {**one, "typed_config": merged_any(one["typed_config"], patch.value["typed_config"])}
                is_changed = True
            except TypesDifferError as error:
                applied.warn(patch, str(error), "The filter stays as it is; istiod loses all patches of the listeners.")
        result.append(one)
    if is_changed:
        what = f"istiod merges into all listener filters of all listeners, not only into {patch.match.listener_filter}"
        applied.warn(patch, what, "It is merged into that one here. Use REPLACE to be sure.")
    return result if is_changed else None
