"""LISTENER patches, and the way through each listener to its filters and chains (EF-7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from unstale.envoy.envoy_filter import api
from unstale.envoy.envoy_filter.filter_chain import patch_chains
from unstale.envoy.envoy_filter.listener_filter import patch_listener_filters
from unstale.envoy.envoy_filter.memory import Memory
from unstale.envoy.envoy_filter.patch import MERGES, Applied, Match, Operation, Patch, PatchIndex, made_at
from unstale.envoy.later import LaterOrigins
from unstale.envoy.resource import Json, Resource, merge_origins

VIRTUAL_LISTENERS = ("virtualOutbound", "virtualInbound")
_INNER = ("LISTENER_FILTER", "FILTER_CHAIN", "NETWORK_FILTER", "HTTP_FILTER")
_TYPE = api.message_type(api.LISTENER)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerPatches:
    """The patches for listeners and what is in them, by the name or the port of the listener."""

    listener: PatchIndex
    inner: Mapping[str, PatchIndex]
    all_inner: Mapping[str, Sequence[Patch]]
    added: Sequence[Patch]

    @classmethod
    def of(cls, patches: Mapping[str, Sequence[Patch]]) -> ListenerPatches:
        """From all patches by `applyTo`."""
        whole = patches.get("LISTENER", ())
        return cls(
            listener=PatchIndex.of((p for p in whole if p.operation is not Operation.ADD), _key),
            inner={level: PatchIndex.of(patches.get(level, ()), _key) for level in _INNER},
            all_inner={level: patches.get(level, ()) for level in _INNER},
            added=[patch for patch in whole if patch.operation is Operation.ADD],
        )


def patch_listeners(
    listeners: Sequence[Resource], patches: Mapping[str, Sequence[Patch]], applied: Applied, memory: Memory
) -> list[Resource]:
    """All listeners patched, and what is added behind them; a listener without a name is none."""
    ours = ListenerPatches.of(patches)
    outcomes = memory.listeners.patch(listeners, lambda one, own: _resource(one, ours, own, memory), applied)
    found: dict[str, Resource] = {}
    for outcome in outcomes:
        if outcome.value is not None:
            found.setdefault(outcome.value.name, outcome.value)
    for patch in ours.added:
        _add(found, patch, applied)
    return list(found.values())


def _resource(listener: Resource, patches: ListenerPatches, applied: Applied, memory: Memory) -> Resource | None:
    value = _patched(listener.value, patches, applied, memory)
    origins = applied.taken()
    if value is None or not origins:
        return None if value is None else listener
    return replace(
        listener,
        name=value.get("name", ""),
        value=value,
        origins=LaterOrigins(lambda: merge_origins((listener.origins, origins))),
    )


def _patched(listener: Json, patches: ListenerPatches, applied: Applied, memory: Memory) -> Json | None:
    """None if a patch removes it."""
    rank = -1
    while (patch := patches.listener.after(rank, _keys(listener))) is not None:
        rank = patch.rank
        if not _is_for(listener, patch.match):
            continue
        if patch.operation is Operation.REMOVE:
            return None
        if patch.operation in MERGES:
            assert _TYPE is not None
            applied.by(patch)
            listener = patch.merge_into(listener, _TYPE)
        else:
            applied.warn(patch, f"{patch.operation} does nothing to a LISTENER", "Use REMOVE and ADD, or MERGE.")
    inner = _inner(listener, patches)
    if not any(inner.values()):
        return listener
    listener = patch_listener_filters(listener, inner["LISTENER_FILTER"], applied)
    chains = memory.chains_of(f"{listener['name']} {_port(listener)}")
    return patch_chains(listener, inner, applied, chains, is_virtual=listener["name"] in VIRTUAL_LISTENERS)


def _inner(listener: Json, patches: ListenerPatches) -> dict[str, list[Patch]]:
    """Those for what is inside of the listener; in virtualOutbound any port may be that of a chain."""
    if listener["name"] in VIRTUAL_LISTENERS:
        return {
            level: [one for one in every if _is_named(listener, one.match)]
            for level, every in patches.all_inner.items()
        }
    keys = _keys(listener)
    return {
        level: [one for one in index.all(keys) if _is_for(listener, one.match)]
        for level, index in patches.inner.items()
    }


def _add(found: dict[str, Resource], patch: Patch, applied: Applied) -> None:
    name = patch.value.get("name", "")
    if not name:
        applied.warn(patch, "an added LISTENER has no name", "It is dropped.")
    elif name in found:
        applied.warn(
            patch,
            f"there already is a listener of that name ({name}){made_at(found[name])}",
            "The added one is dropped.",
        )
    else:
        found[name] = Resource(name=name, value=patch.added, origins=(patch.origin,))


def _key(match: Match) -> str:
    return f"name {match.name}" if match.name else f"port {match.port}" if match.port else ""


def _keys(listener: Json) -> tuple[str, str]:
    return (f"name {listener['name']}", f"port {_port(listener)}")


def _port(listener: Json) -> int:
    port: int = listener.get("address", {}).get("socket_address", {}).get("port_value", 0)
    return port


def _is_named(listener: Json, match: Match) -> bool:
    return match.name in ("", listener["name"])


def _is_for(listener: Json, match: Match) -> bool:
    return _is_named(listener, match) and match.port in (0, _port(listener))
