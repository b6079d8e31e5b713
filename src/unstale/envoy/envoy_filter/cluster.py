"""CLUSTER patches (EF-4 to EF-6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from unstale.envoy.envoy_filter import api
from unstale.envoy.envoy_filter.memory import Remembered
from unstale.envoy.envoy_filter.merge import TypesDifferError, merged_any
from unstale.envoy.envoy_filter.patch import MERGES, Applied, Match, Operation, Patch, PatchIndex, made_at
from unstale.envoy.resource import Json, Resource, merge_origins

_TYPE = api.message_type(api.CLUSTER)


def patch_clusters(
    clusters: Sequence[Resource],
    patches: Sequence[Patch],
    applied: Applied,
    memory: Remembered[Resource] | None = None,
) -> list[Resource]:
    """All clusters patched, and what is added behind them; of clusters with one name the first stays."""
    if not patches:
        return list(clusters)
    index = PatchIndex.of((p for p in patches if p.operation is not Operation.ADD), _key)
    memory = Remembered() if memory is None else memory
    outcomes = memory.patch(clusters, lambda cluster, own: _resource(cluster, index, own), applied)
    found: dict[str, Resource] = {}
    for outcome in outcomes:
        if outcome.value is not None:
            found.setdefault(outcome.value.name, outcome.value)
    for patch in patches:
        if patch.operation is Operation.ADD:
            _add(found, patch, applied)
    return list(found.values())


def _resource(cluster: Resource, index: PatchIndex, applied: Applied) -> Resource | None:
    value = _patched(cluster.value, index, applied)
    origins = applied.taken()
    if value is None or not origins:
        return None if value is None else cluster
    return replace(cluster, name=value["name"], value=value, origins=merge_origins((cluster.origins, origins)))


def needed_endpoints(endpoints: Sequence[Resource], clusters: Iterable[Resource]) -> list[Resource]:
    """Those that some cluster still asks for."""
    if not endpoints:
        return []
    wanted = {_endpoints_of(cluster.value) for cluster in clusters if cluster.value.get("type") == "EDS"}
    return [resource for resource in endpoints if resource.name in wanted]


def _endpoints_of(cluster: Json) -> str:
    name: str = cluster.get("eds_cluster_config", {}).get("service_name") or cluster["name"]
    return name


def _key(match: Match) -> str:
    return f"name {match.name}" if match.name else match.service and f"host {match.service}"


def _keys(cluster: Json) -> tuple[str, str]:
    return (f"name {cluster['name']}", f"host {_parts(cluster['name'])[2]}")


def _patched(cluster: Json, index: PatchIndex, applied: Applied) -> Json | None:
    """None if a patch removes it."""
    rank = -1
    while (patch := index.after(rank, _keys(cluster))) is not None:
        rank = patch.rank
        if not _is_for(cluster["name"], patch.match):
            continue
        if patch.operation is Operation.REMOVE:
            return None
        if patch.operation in MERGES:
            cluster = _merged(cluster, patch, applied)
        else:
            applied.warn(patch, f"{patch.operation} does nothing to a CLUSTER", "Use REMOVE and ADD, or MERGE.")
    return cluster


def _merged(cluster: Json, patch: Patch, applied: Applied) -> Json:
    """A patch with a transport socket is about nothing else (EF-4)."""
    applied.by(patch)
    wanted = patch.value.get("transport_socket")
    if wanted is None:
        assert _TYPE is not None
        return patch.merge_into(cluster, _TYPE)
    if len(patch.value) > 1:
        others = ", ".join(name for name in patch.value if name != "transport_socket")
        applied.warn(patch, f"beside transport_socket nothing of a CLUSTER patch is applied ({others})", _APART)
    return patch.traced(cluster, _with_socket(cluster, wanted, patch, applied))


def _with_socket(cluster: Json, wanted: Json, patch: Patch, applied: Applied) -> Json:
    matches = cluster.get("transport_socket_matches")
    if not matches:
        known = cluster.get("transport_socket")
        if known is None or known.get("name") != wanted.get("name"):
            return {**cluster, "transport_socket": wanted}
        return {**cluster, "transport_socket": _merged_socket(known, wanted, patch, applied)}
    for place, one in enumerate(matches):
        known = one.get("transport_socket", {})
        if known.get("name") == wanted.get("name"):
            changed = {**one, "transport_socket": _merged_socket(known, wanted, patch, applied)}
            return {**cluster, "transport_socket_matches": [*matches[:place], changed, *matches[place + 1 :]]}
    return cluster


def _merged_socket(known: Json, wanted: Json, patch: Patch, applied: Applied) -> Json:
    if "typed_config" not in known or "typed_config" not in wanted:
        return known
    try:
        return {**known, "typed_config": merged_any(known["typed_config"], wanted["typed_config"])}
    except TypesDifferError as error:
        applied.warn(
            patch, str(error), "The transport socket stays as it is; istiod loses the whole cluster's patches."
        )
        return known


def _add(found: dict[str, Resource], patch: Patch, applied: Applied) -> None:
    name = patch.value.get("name", "")
    if name in found:
        applied.warn(
            patch,
            f"there already is a cluster of that name ({name}){made_at(found[name])}",
            "The added one is dropped.",
        )
        return
    found[name] = Resource(name=name, value=patch.added, origins=(patch.origin,))


def _is_for(name: str, match: Match) -> bool:
    """A name makes all other conditions irrelevant (EF-5)."""
    if match.name:
        return match.name == name
    port, subset, host = _parts(name)
    return match.subset in ("", subset) and match.service in ("", host) and (not match.port or str(match.port) == port)


def _parts(name: str) -> tuple[str, str, str]:
    """Port, subset and host of `outbound|port|subset|host`; empty for other names."""
    parts = name.split("|")
    return (parts[1], parts[2], "|".join(parts[3:])) if len(parts) > 3 else ("", "", "")


_APART = "Write the rest as a patch of its own."
