"""The text of one manifest file, and the name it goes by in messages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`name` stands in messages (a path, or `-` for standard input); `text` is YAML or JSON, many documents."""

    name: str
    text: str
