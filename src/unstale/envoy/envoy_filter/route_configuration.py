"""ROUTE_CONFIGURATION patches, and the way to the virtual hosts and routes of each configuration (EF-9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from unstale.envoy.envoy_filter import api
from unstale.envoy.envoy_filter.patch import MERGES, Applied, Patch, PatchIndex
from unstale.envoy.envoy_filter.placement import with_list
from unstale.envoy.envoy_filter.virtual_host import (
    HostPatches,
    configuration_key,
    configuration_keys,
    is_for_configuration,
    patch_virtual_hosts,
)
from unstale.envoy.resource import Json, Resource, merge_origins

_TYPE = api.message_type(api.ROUTE_CONFIGURATION)
_MANAGER = api.HTTP_CONNECTION_MANAGER


def patch_route_configurations(
    routes: Iterable[Resource], patches: Mapping[str, Sequence[Patch]], applied: Applied
) -> list[Resource]:
    """All route configurations patched; there is no way to add one."""
    whole = PatchIndex.of(patches.get("ROUTE_CONFIGURATION", ()), configuration_key)
    inner = HostPatches.of(patches.get("VIRTUAL_HOST", ()), patches.get("HTTP_ROUTE", ()))
    return [_patched(resource, whole, inner, applied) for resource in routes]


def needed_routes(
    routes: Iterable[Resource], listeners: Iterable[Resource], requested: Callable[[str], Resource | None]
) -> list[Resource]:
    """Those that some listener asks for, made anew where only an added listener does."""
    wanted = dict.fromkeys(name for listener in listeners for name in _route_names(listener.value))
    kept = [resource for resource in routes if resource.name in wanted]
    missing = wanted.keys() - {resource.name for resource in kept}
    made = (requested(name) for name in wanted if name in missing)
    return [*kept, *(resource for resource in made if resource is not None)]


def _patched(resource: Resource, whole: PatchIndex, inner: HostPatches, applied: Applied) -> Resource:
    value = _merged(resource.value, whole, applied)
    patched = patch_virtual_hosts(value["name"], value.get("virtual_hosts", ()), inner, applied)
    origins = applied.taken()
    if not origins:
        return resource
    own = {name: merge_origins((resource.parts.get(name, ()), added)) for name, added in patched.origins.items()}
    return replace(
        resource,
        name=value["name"],
        value=with_list(value, "virtual_hosts", patched.values),
        origins=merge_origins((resource.origins, origins)),
        parts={**resource.parts, **own},
    )


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
    for chain in chains:
        for one in chain.get("filters", ()):
            config = one.get("typed_config", {})
            known = api.type_of(config)
            name = config.get("rds", {}).get("route_config_name") if known and known.name == _MANAGER else None
            if name:
                yield name
