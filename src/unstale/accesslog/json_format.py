"""A reader for JSON access logs, whatever their keys are called and in whatever order they come.

Envoy escapes JSON, so a line has one reading. What has to be told apart is an access log from an application's JSON: a
row names the response flags or the response code details, which no application does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from unstale.accesslog.json_keys import role_of
from unstale.accesslog.reading import row_of
from unstale.accesslog.row import Row

_WRAPPERS = ("log", "message", "msg", "textPayload", "jsonPayload", "body")


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFormat:
    """A named style of keys: `mark` matches a key that only this style has."""

    name: str
    mark: re.Pattern[str]

    def is_marked(self, keys: Mapping[str, Any]) -> bool:
        """Whether an object with these keys is of this style."""
        return any(self.mark.search(key) for key in keys)


def load(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is, None where it is something else or none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def row_from(value: Mapping[str, Any], *, line: str, name: str, sender: str = "") -> Row | None:
    """The row that a JSON object stands for, None where it names neither flags nor details."""
    fields: dict[str, str] = {}
    for key, item in value.items():
        role = role_of(key)
        if role is not None and fields.get(role, "-") in ("-", ""):
            fields[role] = field_text(item)
    if not ({"flags", "details"} & fields.keys() and {"status", "flags"} & fields.keys()):
        return None
    return row_of(fields, line=line, name=name, sender=sender)


def wrapped(value: Mapping[str, Any]) -> Any:
    """What a log collector has wrapped (docker, Fluent Bit, Cloud Logging): a text or an object; None for nothing."""
    return next((value[key] for key in _WRAPPERS if isinstance(value.get(key), str | dict)), None)


def field_text(item: Any) -> str:
    """A JSON value as the text format would write it."""
    if item is None:
        return "-"
    if isinstance(item, float) and item.is_integer():
        return str(int(item))
    return item if isinstance(item, str) else str(item)
