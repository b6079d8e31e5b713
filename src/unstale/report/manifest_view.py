"""The manifests of all policies side by side, with what only one of them has marked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_COMMENT = re.compile(r"\s+#.*|^\s*#.*")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of YAML; `is_own` where no other column has it."""

    text: str
    is_own: bool

    @property
    def indent(self) -> str:
        return self.text[: len(self.text) - len(self.text.lstrip())]

    @property
    def rest(self) -> str:
        return self.text.lstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The manifests that the policies named here share."""

    policies: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def title(self) -> str:
        return ", ".join(self.policies)


def columns(manifests: Mapping[str, str]) -> tuple[Column, ...]:
    """One column for each text that differs, in the order of the policies; comments do not count as differences."""
    shared: dict[str, list[str]] = {}
    for policy, text in manifests.items():
        shared.setdefault(text.strip(), []).append(policy)
    keys = {text: {_key(line) for line in text.splitlines()} for text in shared}
    return tuple(
        Column(
            policies=tuple(policies),
            lines=tuple(
                Line(line, _is_own(_key(line), [known for other, known in keys.items() if other != text]))
                for line in text.splitlines()
            ),
        )
        for text, policies in shared.items()
    )


def _key(line: str) -> str:
    """What a line says: without its comment, blanks and the dash of a list."""
    return _COMMENT.sub("", line).strip().removeprefix("- ").strip()


def _is_own(key: str, others: list[set[str]]) -> bool:
    return bool(key) and key != "---" and bool(others) and not any(key in known for known in others)
