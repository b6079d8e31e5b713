"""What a running proxy has, beside what these manifests would give it.

A real proxy serves a whole cluster. Hosts that these manifests do not name are no difference, and neither is what
Istio adds for itself; what is asked is whether *these* manifests are in force as they stand here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from unstale.comparison.compare import Change, changes
from unstale.comparison.piece import ALL_HOSTS, Piece, Pieces, pieces_of
from unstale.envoy.resource import Json, Resources

_CONFIG = ("metadata", "filter_metadata", "istio", "config")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`before` of a change is the proxy's side, `after` the manifests'; `left_out` counts foreign pieces by kind."""

    changes: tuple[Change, ...]
    left_out: Mapping[str, int]


def compare_with_proxy(compiled: Resources, running: Resources) -> Comparison:
    """Piece by piece, for the hosts of the manifests."""
    ours = _alike(pieces_of(compiled))
    theirs = _alike(pieces_of(_in_use(running)))
    hosts = {piece.host for piece in ours.values()} - {ALL_HOSTS}
    shared = {key: piece for key, piece in theirs.items() if key in ours or piece.host in hosts}
    foreign = Counter(piece.kind for key, piece in theirs.items() if key not in shared)
    return Comparison(changes=tuple(changes(shared, ours)), left_out=dict(foreign))


def configs_of(piece: Piece) -> tuple[str, ...]:
    """The objects that Istio marked the piece with, as `virtual-service shop/api`."""
    marks = dict.fromkeys(_config(one) for one in (piece.value, *piece.value.get("routes", ())))
    return tuple(mark for mark in marks if mark)


def _config(value: Json) -> str:
    found: Any = value
    for step in _CONFIG:
        found = found.get(step, {}) if isinstance(found, dict) else {}
    parts = found.split("/") if isinstance(found, str) else []
    return f"{parts[-2]} {parts[-3]}/{parts[-1]}" if len(parts) > 3 else ""


def _in_use(running: Resources) -> Resources:
    """Without routes of listeners that are on their way out, and without endpoints that Envoy looked up itself."""
    used = set(_route_names([listener.value for listener in running.listeners]))
    told = {cluster.name for cluster in running.clusters if cluster.value.get("type") == "EDS"}
    return replace(
        running,
        routes=tuple(one for one in running.routes if one.name in used),
        endpoints=tuple(one for one in running.endpoints if one.name in told),
    )


def _route_names(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _route_names(item)
    elif isinstance(value, dict):
        if "route_config_name" in value:
            yield value["route_config_name"]
        for item in value.values():
            yield from _route_names(item)


def _alike(pieces: Pieces) -> Pieces:
    """Endpoints without what Envoy adds to them, and leaves out, when it prints them."""
    return {
        key: replace(piece, value=_endpoints(piece.value)) if piece.kind == "endpoints" else piece
        for key, piece in pieces.items()
    }


def _endpoints(value: Json) -> Json:
    return {
        "endpoints": [
            {
                "locality": locality.get("locality", {}),
                "priority": locality.get("priority", 0),
                "lb_endpoints": _once(map(_address, locality.get("lb_endpoints", ()))),
            }
            for locality in value.get("endpoints", ())
            if locality.get("lb_endpoints")
        ]
    }


def _once(endpoints: Iterable[Json]) -> list[Json]:
    """istiod may repeat an endpoint, Envoy keeps one of it."""
    found: list[Json] = []
    for endpoint in endpoints:
        if endpoint not in found:
            found.append(endpoint)
    return found


def _address(endpoint: Json) -> Json:
    return {"address": endpoint.get("endpoint", {}).get("address", {}), "weight": endpoint.get("load_balancing_weight")}
