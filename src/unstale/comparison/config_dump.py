"""The configuration of a running proxy, from Envoy's /config_dump or `istioctl proxy-config all -o json`.

Both print the same: one section a kind, with what came over xDS apart from what the bootstrap has. What this project
prints with `-o json` is read as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from unstale.envoy.resource import Json, Kind, Resource, Resources
from unstale.model.errors import InputError

_HOW_TO_GET = "Save it with: istioctl proxy-config all POD -o json, or from Envoy's /config_dump?include_eds."
_SECTIONS = {
    "ListenersConfigDump": (Kind.LISTENER, ("dynamic_listeners",), ("active_state", "listener")),
    "ClustersConfigDump": (Kind.CLUSTER, ("static_clusters", "dynamic_active_clusters"), ("cluster",)),
    "RoutesConfigDump": (Kind.ROUTE, ("static_route_configs", "dynamic_route_configs"), ("route_config",)),
    "EndpointsConfigDump": (
        Kind.ENDPOINT,
        ("static_endpoint_configs", "dynamic_endpoint_configs"),
        ("endpoint_config",),
    ),
}


def read_config_dump(text: str, *, source: str) -> Resources:
    """`source` names the file in messages. Raises InputError for what is no such dump."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InputError(f"{source}: not JSON ({error}). {_HOW_TO_GET}") from error
    found: dict[Kind, dict[str, Resource]] = {kind: {} for kind in Kind}
    for kind, one in _resources(value, source):
        name = one.get("name") or one.get("cluster_name")
        if isinstance(name, str):
            one = {key: item for key, item in one.items() if key != "@type"}
            found[kind][name] = Resource(name=name, value=one)
    if not any(found.values()):
        raise InputError(f"{source}: holds no clusters, listeners or routes. {_HOW_TO_GET}")
    return Resources(**{kind.value: tuple(some.values()) for kind, some in found.items()})


def _resources(value: Any, source: str) -> Iterator[tuple[Kind, Json]]:
    if isinstance(value, dict) and isinstance(value.get("configs"), list):
        for section in value["configs"]:
            yield from _section(section)
    elif isinstance(value, dict) and any(kind.value in value for kind in Kind):
        for kind in Kind:
            yield from ((kind, one) for one in _dicts(value.get(kind.value)))
    else:
        raise InputError(f"{source}: no configuration of Envoy's. {_HOW_TO_GET}")


def _section(section: Any) -> Iterator[tuple[Kind, Json]]:
    if not isinstance(section, dict):
        return
    known = _SECTIONS.get(str(section.get("@type", "")).rpartition(".")[2])
    if known is None:
        return
    kind, lists, way = known
    for name in lists:
        for entry in _dicts(section.get(name)):
            one: Any = entry
            for step in way:
                one = one.get(step, {}) if isinstance(one, dict) else {}
            if isinstance(one, dict):
                yield kind, one


def _dicts(value: Any) -> Iterator[Json]:
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))
