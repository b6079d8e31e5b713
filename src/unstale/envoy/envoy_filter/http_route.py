"""HTTP_ROUTE patches: first what merges and removes, then what adds; no patch merges into an inserted route (EF-9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from unstale.envoy.envoy_filter import api
from unstale.envoy.envoy_filter.patch import MERGES, Applied, Match, Operation, Patch
from unstale.envoy.envoy_filter.placement import placed, with_list
from unstale.envoy.resource import Json

_TYPE = api.message_type(api.ROUTE)
_ACTIONS = {"route": "ROUTE", "redirect": "REDIRECT", "direct_response": "DIRECT_RESPONSE"}
_INSERTS = (Operation.ADD, Operation.INSERT_BEFORE, Operation.INSERT_AFTER, Operation.INSERT_FIRST)


def patch_routes(host: Json, patches: Sequence[Patch], applied: Applied) -> Json:
    """The virtual host with its routes patched; all patches are for this host."""
    routes = [_patched(route, patches, applied) for route in host.get("routes", ())]
    for patch in patches:
        if patch.operation not in _INSERTS:
            continue
        found = _finder(patch.match)
        if patch.operation is Operation.INSERT_FIRST and found is not None and not any(map(found, routes)):
            continue
        changed = placed(routes, patch, patch.added, found)
        if changed is not None:
            applied.by(patch)
            routes = changed
    return with_list(host, "routes", [route for route in routes if route is not None])


def _patched(route: Json, patches: Sequence[Patch], applied: Applied) -> Json | None:
    assert _TYPE is not None
    for patch in patches:
        if patch.operation in _INSERTS or not _is_for(route, patch.match):
            continue
        if patch.operation is Operation.REMOVE:
            applied.by(patch)
            return None
        if patch.operation in MERGES:
            applied.by(patch)
            route = patch.merge_into(route, _TYPE)
        else:
            applied.warn(patch, f"{patch.operation} does nothing to an HTTP_ROUTE", "Use REMOVE and ADD, or MERGE.")
    return route


def _finder(match: Match) -> Callable[[Json | None], bool] | None:
    if match.route is None:
        return None
    return lambda route: route is not None and _is_for(route, match)


def _is_for(route: Json, match: Match) -> bool:
    if match.route not in (None, "", route.get("name", "")):
        return False
    if match.route_action in ("", "ANY"):
        return True
    action = next((known for name, known in _ACTIONS.items() if name in route), match.route_action)
    return action == match.route_action
