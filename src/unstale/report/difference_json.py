"""How a running proxy differs from these manifests, as plain values, and the text made from them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from unstale.comparison.compare import Change
from unstale.comparison.difference import ABSENT, Difference
from unstale.comparison.running_proxy import Comparison, configs_of
from unstale.explanation.place import place_in

_LONGEST = 160


def difference_json(comparison: Comparison) -> dict[str, Any]:
    """`proxy` is the value in the proxy, `manifests` the one these manifests give; a missing key means not set."""
    return {
        "differences": [_change(change) for change in comparison.changes],
        "left_out": dict(comparison.left_out),
    }


def difference_text(told: Mapping[str, Any]) -> str:
    """One paragraph for each piece that differs."""
    return "\n".join(_lines(told)) + "\n"


def _change(change: Change) -> dict[str, Any]:
    piece = change.piece
    shown: dict[str, Any] = {
        "kind": piece.kind,
        "name": piece.name,
        "inside": piece.inside,
        "host": piece.host,
        "origins": [str(origin) for origin in piece.origins],
    }
    if change.before is not None:
        shown["made_from"] = list(configs_of(change.before))
    if change.is_new or change.is_gone:
        return {**shown, "only": "manifests" if change.is_new else "proxy"}
    return {**shown, "places": [_place(change, one) for one in change.differences]}


def _place(change: Change, one: Difference) -> dict[str, Any]:
    shown: dict[str, Any] = {"path": one.path}
    if one.before is not ABSENT:
        shown["proxy"] = one.before
    if one.after is not ABSENT:
        shown["manifests"] = one.after
    origin = place_in(change.piece.value, one.path, one.steps)
    return {**shown, "origin": str(origin) if origin else None}


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    if not told["differences"]:
        yield "The proxy has what these manifests give."
    for change in told["differences"]:
        inside = f" of {change['inside']}" if change["inside"] else ""
        yield f"{change['kind']} {change['name']}{inside}"
        yield from _explained(change)
        for place in change.get("places", ()):
            origin = f"   {place['origin']}" if place["origin"] else ""
            yield f"  {place['path']}{origin}"
            yield f"    proxy      {_value(place, 'proxy')}"
            yield f"    manifests  {_value(place, 'manifests')}"
        yield ""
    for kind, count in told["left_out"].items():
        yield f"left out: {count} of kind {kind}, of hosts that these manifests do not name"


def _explained(change: Mapping[str, Any]) -> Iterator[str]:
    """Which side alone has it, and who would have made it."""
    made_from = ", ".join(change.get("made_from", ()))
    match change.get("only"):
        case "manifests":
            yield f"  not in the proxy: not in force there is {' '.join(change['origins']) or 'what Istio adds'}"
        case "proxy":
            yield f"  only in the proxy: made from {made_from or 'something'} that these manifests do not have"
        case _:
            if made_from:
                yield f"  made there from {made_from}"


def _value(place: Mapping[str, Any], side: str) -> str:
    if side not in place:
        return "not set"
    text = json.dumps(place[side])
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
