"""The pairs of a damaged JSON object: a brace or a quote missing, cut at either end, or `key: value` by hand."""

from __future__ import annotations

import json
import re

from unstale.accesslog.json_keys import role_of

_PAIR = re.compile(
    r"(?P<key>[A-Za-z:@][\w:@.-]*)\"?\s*:\s*(?:(?P<string>\"(?:[^\"\\]|\\.)*\")|(?P<bare>-?\d+(?:\.\d+)?|null|true|false))"
)


def loose_fields(text: str) -> dict[str, str]:
    """Row field -> text, of the pairs that can be read; empty where flags and details are not among them."""
    fields: dict[str, str] = {}
    for found in _PAIR.finditer(text):
        role = role_of(found.group("key"))
        if role is not None and fields.get(role, "-") in ("-", ""):
            fields[role] = _value(found)
    return fields if {"flags", "details"} & fields.keys() else {}


def _value(found: re.Match[str]) -> str:
    if found.group("string") is None:
        return "-" if found.group("bare") == "null" else found.group("bare")
    try:
        return str(json.loads(found.group("string"), strict=False))
    except ValueError:
        return found.group("string")[1:-1]
