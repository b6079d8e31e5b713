"""ROUTE_CONFIGURATION patches, and the way to the virtual hosts and routes of each configuration (EF-9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from unstale.envoy.envoy_filter import api
from unstale.envoy.envoy_filter.memory import Memory
from unstale.envoy.envoy_filter.patch import MERGES, Applied, Patch, PatchIndex
from unstale.envoy.envoy_filter.placement import with_list
from unstale.envoy.envoy_filter.virtual_host import (
    HostPatches,
    configuration_key,
    configuration_keys,
    is_for_configuration,
    patch_virtual_hosts,
)
from unstale.envoy.later import LaterOrigins, LaterParts
from unstale.envoy.resource import Json, Origins, Resource, merge_origins
from unstale.model.carry import carried

_TYPE = api.message_type(api.ROUTE_CONFIGURATION)
_LEVELS = ("ROUTE_CONFIGURATION", "VIRTUAL_HOST", "HTTP_ROUTE")
_MANAGER = api.HTTP_CONNECTION_MANAGER


def patch_route_configurations(
    routes: Sequence[Resource], patches: Mapping[str, Sequence[Patch]], applied: Applied, memory: Memory
) -> list[Resource]:
    """All route configurations patched; there is no way to add one."""
    if not any(patches.get(level) for level in _LEVELS):
        return list(routes)
    whole = PatchIndex.of(patches.get("ROUTE_CONFIGURATION", ()), configuration_key)
    inner = HostPatches.of(patches.get("VIRTUAL_HOST", ()), patches.get("HTTP_ROUTE", ()))
    outcomes = memory.routes.patch(routes, lambda one, own: _patched(one, whole, inner, own, memory), applied)
    return [outcome.value for outcome in outcomes if outcome.value is not None]


def needed_routes(
    routes: Iterable[Resource],
    listeners: Sequence[Resource],
    requested: Callable[[str], Resource | None],
    memory: Memory,
) -> list[Resource]:
    """Those that some listener asks for, made anew where only an added listener does."""
    wanted = dict.fromkeys(chain.from_iterable(_asked_for(listeners, memory)))
    kept = [resource for resource in routes if resource.name in wanted]
    missing = wanted.keys() - {resource.name for resource in kept}
    made = (requested(name) for name in wanted if name in missing)
    return [*kept, *(resource for resource in made if resource is not None)]


def _asked_for(listeners: Sequence[Resource], memory: Memory) -> list[tuple[str, ...]]:
    known = carried(*memory.asked, listeners)
    for at in known.unknown:
        known.results[at] = tuple(dict.fromkeys(_route_names(listeners[at].value)))
    names = [one for one in known.results if one is not None]
    memory.asked = (listeners, names)
    return names


def _patched(resource: Resource, whole: PatchIndex, inner: HostPatches, applied: Applied, memory: Memory) -> Resource:
    value = _merged(resource.value, whole, applied)
    name = value["name"]
    patched = patch_virtual_hosts(name, value.get("virtual_hosts", ()), inner, applied, memory.hosts_of(resource.name))
    origins = applied.taken()
    if not origins:
        return resource
    return replace(
        resource,
        name=value["name"],
        value=with_list(value, "virtual_hosts", patched.values),
        origins=LaterOrigins(lambda: merge_origins((resource.origins, origins))),
        parts=LaterParts(lambda: _parts(resource, patched.origins)),
    )


def _parts(resource: Resource, added: Mapping[str, Origins]) -> dict[str, Origins]:
    own = {name: merge_origins((resource.parts.get(name, ()), origins)) for name, origins in added.items()}
    return {**resource.parts, **own}


def _merged(value: Json, whole: PatchIndex, applied: Applied) -> Json:
    assert _TYPE is not None
    rank = -1
    while (patch := whole.after(rank, configuration_keys(value["name"]))) is not None:
        rank = patch.rank
        if not is_for_configuration(value["name"], patch.match):
            continue
        if patch.operation in MERGES:
            applied.by(patch)
            value = patch.merge_into(value, _TYPE)
        else:
            applied.warn(patch, f"{patch.operation} does nothing to a ROUTE_CONFIGURATION", "Use MERGE.")
    return value


def _route_names(listener: Json) -> Iterable[str]:
    chains = [*listener.get("filter_chains", ()), *filter(None, [listener.get("default_filter_chain")])]
    for each in chains:
        for one in each.get("filters", ()):
            config = one.get("typed_config", {})
            known = api.type_of(config)
            name = config.get("rds", {}).get("route_config_name") if known and known.name == _MANAGER else None
            if name:
                yield name
