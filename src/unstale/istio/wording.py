"""How values and names of the user stand in messages."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable

_LONGEST = 60


def shown(value: object) -> str:
    """The value as one short line: texts as they are, other values as JSON writes them."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    if text == "":
        return '""'
    if not text.isprintable():
        text = json.dumps(text, ensure_ascii=True)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def listed(names: Iterable[str]) -> str:
    """`a, b or c`."""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def guess(name: str, known: Iterable[str]) -> str:
    """`Did you mean "hosts"?`, or the names there are where none comes near."""
    names = list(known)
    by_small = {candidate.lower(): candidate for candidate in names}
    near = difflib.get_close_matches(name[:100].lower(), by_small, n=1, cutoff=0.6)
    if near:
        return f'Did you mean "{by_small[near[0]]}"?'
    return f"Known are {', '.join(names)}." if names else "No fields are known here."
