"""What an upgrade changes, as text: in words first, then as a diff of Envoy's configuration.

Releases change many hosts in the same way, so hosts of equal changes are told once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_NAMED = 5
_LONGEST = 160


def upgrade_text(told: Mapping[str, Any]) -> str:
    """`told` is what `upgrade_json` gives; empty when nothing changes."""
    return "\n".join(_lines(told)) + "\n"


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    if not (told["refused"] or told["hosts"] or told["notes"]):
        yield f"From {told['from']} to {told['to']} nothing changes for these manifests."
        return
    yield f"From {told['from']} to {told['to']}"
    for refusal in told["refused"]:
        yield ""
        yield f"{refusal['by']} refuses {refusal['place']}: {refusal['message']}"
    for hosts, one in _groups(told["hosts"]):
        yield ""
        yield _names(hosts)
        for reason in one["reasons"]:
            yield f"  since {reason['since']}: {reason['words']}" if reason["since"] else f"  {reason['words']}"
        if any(_is_unknown(difference) for change in one["changes"] for difference in change["differences"]):
            yield f"  {'more changes' if one['reasons'] else 'it changes'} for reasons that are not known here"
        yield from _diff(one["changes"])
    for note in told["notes"]:
        yield ""
        yield f"since {note['since']}: {note['words']}"
        yield f"    {_places(note['origins'])}"


def _groups(hosts: Sequence[Mapping[str, Any]]) -> Iterator[tuple[list[str], Mapping[str, Any]]]:
    grouped: dict[str, tuple[list[str], Mapping[str, Any]]] = {}
    for one in hosts:
        key = json.dumps(one, sort_keys=True)
        if one["host"]:
            changes = [{**change, "origins": []} for change in one["changes"]]
            key = json.dumps([one["reasons"], changes], sort_keys=True).replace(one["host"], "*")
        grouped.setdefault(key, ([], one))[0].append(one["host"])
    yield from grouped.values()


def _is_unknown(difference: Mapping[str, Any]) -> bool:
    return difference["reason"] is None


def _names(hosts: Sequence[str]) -> str:
    if hosts == [""]:
        return "(no single host)"
    more = len(hosts) - _NAMED
    text = ", ".join(hosts[:_NAMED])
    return f"{text} and {more} more in the same way" if more > 0 else text


def _diff(changes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Differences that several pieces have are told once, under all of their names."""
    grouped: dict[str, tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]] = {}
    for change in changes:
        whole = not change["differences"][0]["path"]
        key = json.dumps([change["kind"], change["differences"], change["name"] if whole else ""], sort_keys=True)
        grouped.setdefault(key, ([], change["differences"]))[0].append(change)
    for some, differences in grouped.values():
        yield ""
        for change in some:
            inside = f" of {change['inside']}" if change["inside"] else ""
            yield f"  {change['kind']} {change['name']}{inside}   {_places(change['origins'])}".rstrip()
        for difference in differences:
            for sign, side in (("-", "before"), ("+", "after")):
                if side in difference:
                    yield f"  {sign} {_value(difference, side)}"


def _value(difference: Mapping[str, Any], side: str) -> str:
    text = json.dumps(difference[side])
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return f"{difference['path']}: {shown}" if difference["path"] else f"(all of it) {shown}"


def _places(origins: Sequence[str]) -> str:
    more = len(origins) - _NAMED
    text = " ".join(origins[:_NAMED])
    return f"{text} and {more} more" if more > 0 else text
