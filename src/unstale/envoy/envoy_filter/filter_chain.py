"""FILTER_CHAIN patches; the default chain is patched like the others and can be removed (EF-7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from unstale.envoy.envoy_filter import api
from unstale.envoy.envoy_filter.istio_filters import with_istio_filters, without_istio_filters
from unstale.envoy.envoy_filter.memory import Remembered
from unstale.envoy.envoy_filter.merge import TypesDifferError, merged_any
from unstale.envoy.envoy_filter.network_filter import patch_network_filters
from unstale.envoy.envoy_filter.patch import MERGES, Applied, Match, Operation, Patch, PatchIndex
from unstale.envoy.envoy_filter.placement import with_list
from unstale.envoy.resource import Json

_TYPE = api.message_type(api.FILTER_CHAIN)
_LEVELS = ("FILTER_CHAIN", "NETWORK_FILTER", "HTTP_FILTER")


def patch_chains(
    listener: Json,
    patches: Mapping[str, Sequence[Patch]],
    applied: Applied,
    memory: Remembered[Json],
    *,
    is_virtual: bool,
) -> Json:
    """The listener with its chains patched; `patches` are those for this listener. A chain without filters is none."""
    if not any(patches[level] for level in _LEVELS):
        return listener
    indexes = {level: PatchIndex.of(patches[level], _sni) for level in _LEVELS}
    added = [patch for patch in patches["FILTER_CHAIN"] if patch.operation is Operation.ADD]
    names_filters = bool(patches["HTTP_FILTER"])

    def patched(chain: Json, own: Applied) -> Json | None:
        if not chain.get("filters"):
            return None
        changed = _patched(with_istio_filters(chain) if names_filters else chain, indexes, own, is_virtual)
        return without_istio_filters(changed) if changed is not None and names_filters else changed

    outcomes = memory.patch(listener.get("filter_chains", ()), patched, applied)
    chains = [outcome.value for outcome in outcomes if outcome.value is not None]
    for patch in added:
        applied.by(patch)
        if "filters" in patch.value:
            chains.append(without_istio_filters(patch.added) if names_filters else patch.added)
    result = with_list(listener, "filter_chains", chains)
    default = listener.get("default_filter_chain")
    if default is not None and default.get("filters"):
        changed = patched(default, applied)
        if changed is None:
            del result["default_filter_chain"]
        else:
            result["default_filter_chain"] = changed
    return result


def _patched(chain: Json, indexes: Mapping[str, PatchIndex], applied: Applied, is_virtual: bool) -> Json | None:
    """None if a patch removes it."""
    rank = -1
    while (patch := indexes["FILTER_CHAIN"].after(rank, _server_names(chain))) is not None:
        rank = patch.rank
        if patch.operation is Operation.ADD or not _is_for(chain, patch.match, is_virtual):
            continue
        if patch.operation is Operation.REMOVE:
            applied.by(patch)
            return None
        if patch.operation in MERGES:
            applied.by(patch)
            chain = _merged(chain, patch, applied)
        else:
            applied.warn(patch, f"{patch.operation} does nothing to a FILTER_CHAIN", "Use REMOVE and ADD, or MERGE.")
    names = _server_names(chain)
    network, http = (
        [patch for patch in indexes[level].all(names) if _is_for(chain, patch.match, is_virtual)]
        for level in ("NETWORK_FILTER", "HTTP_FILTER")
    )
    return patch_network_filters(chain, network, http, applied) if network or http else chain


def _merged(chain: Json, patch: Patch, applied: Applied) -> Json:
    """A transport socket of the same name is merged alone, as in a cluster."""
    assert _TYPE is not None
    wanted, known = patch.value.get("transport_socket"), chain.get("transport_socket")
    if not wanted or not known or wanted.get("name") != known.get("name"):
        return patch.merge_into(chain, _TYPE)
    if "typed_config" not in wanted or "typed_config" not in known:
        return chain
    try:
        config = merged_any(known["typed_config"], wanted["typed_config"])
    except TypesDifferError as error:
        applied.warn(patch, str(error), "The transport socket stays as it is; istiod loses the listeners' patches.")
        return chain
    return patch.traced(chain, {**chain, "transport_socket": {**known, "typed_config": config}})


def _sni(match: Match) -> str:
    return match.sni


def _server_names(chain: Json) -> Sequence[str]:
    names: Sequence[str] = chain.get("filter_chain_match", {}).get("server_names", ())
    return names


def _is_for(chain: Json, match: Match, is_virtual: bool) -> bool:
    conditions = chain.get("filter_chain_match", {})
    port = conditions.get("destination_port", 0)
    return (
        (not is_virtual or match.port in (0, port))
        and match.chain in ("", chain.get("name", ""))
        and (not match.sni or match.sni in conditions.get("server_names", ()))
        and match.transport_protocol in ("", conditions.get("transport_protocol", ""))
        and set(match.application_protocols) <= set(conditions.get("application_protocols", ()))
        and match.destination_port in (0, port)
    )
