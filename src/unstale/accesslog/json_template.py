"""A reader made from a JSON access log format: the user's own keys, each with an Envoy format string as its value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from unstale.accesslog.json_format import field_text, load
from unstale.accesslog.operators import operator
from unstale.accesslog.prefix import split_prefix
from unstale.accesslog.reading import Reading, row_of
from unstale.model.errors import InputError

_ONE = re.compile(r"\A%([A-Z][A-Z0-9_]*(?:\(.*\))?(?::\d+)?)%\Z", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonTemplate:
    """A JSON format: `roles` maps a key to the Row's field that its operator fills."""

    name: str
    roles: Mapping[str, str]

    def parse(self, line: str) -> Reading:
        """The row of a line, or None where it is no object with at least half of the keys."""
        sender, text = split_prefix(line)
        value = load(text)
        if value is None or 2 * len(self.roles.keys() & value.keys()) < len(self.roles):
            return None
        fields = {role: field_text(value[key]) for key, role in self.roles.items() if key in value}
        return row_of(fields, line=line, name=self.name, sender=sender)


def json_template(name: str, keys: Mapping[str, object]) -> JsonTemplate:
    """The reader of `key: "%OPERATOR%"` pairs; values that mix operators with text fill nothing.

    Raises InputError where neither the response code nor the flags are logged.
    """
    roles: dict[str, str] = {}
    for key, text in keys.items():
        found = _ONE.match(text) if isinstance(text, str) else None
        known = operator(found.group(1)) if found is not None else None
        if known is not None and known.role and known.role not in roles.values():
            roles[key] = known.role
    if not {"status", "flags"} & set(roles.values()):
        raise InputError(
            f"{name}: no key has %RESPONSE_CODE% or %RESPONSE_FLAGS% ({', '.join(keys) or 'no keys'}). "
            "Give the labels that Envoy logs by."
        )
    return JsonTemplate(name=name, roles=roles)
