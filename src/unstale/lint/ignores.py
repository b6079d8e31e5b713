"""Comments that switch findings off: `# unstale: ignore=UNS104,UNS401 reason`.

Behind a value the comment is about that line. On a line of its own it is about the next one; and where that one begins
an object (`apiVersion`, `kind`, a key at the left edge), it is about the whole object.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from unstale.istio.source import Source
from unstale.lint.finding import Finding
from unstale.model.origin import Origin

_COMMENT = re.compile(
    r"(?:^|(?<=\s))#\s*unstale:\s*ignore\b(?:=(?P<codes>[A-Za-z0-9]+(?:\s*,\s*[A-Za-z0-9]+)*))?(?P<reason>.*)$"
)
_BEGINS_OBJECT = re.compile(r"^(?P<dash>\s*-\s+)?(?:apiVersion|kind|metadata)\s*:|^[A-Za-z]+\s*:")
_MARK = "unstale:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """One comment; `first_line` to `last_line` are the lines that it is about, both included."""

    origin: Origin
    codes: tuple[str, ...]
    reason: str
    first_line: int
    last_line: int

    def covers(self, finding: Finding) -> bool:
        """The finding is within these lines."""
        return finding.origin.file == self.origin.file and self.first_line <= finding.origin.line <= self.last_line


def ignores_in(sources: Iterable[Source]) -> tuple[Ignore, ...]:
    """All comments of all texts."""
    return tuple(ignore for source in sources if _MARK in source.text for ignore in _in_text(source))


def _in_text(source: Source) -> Iterator[Ignore]:
    lines = source.text.split("\n")
    for number, line in enumerate(lines):
        found = _COMMENT.search(line) if _MARK in line else None
        if found is None:
            continue
        target = number if line[: found.start()].strip() else _next(lines, number)
        first, last = _reach(lines, target)
        yield Ignore(
            origin=Origin(file=source.name, line=number + 1, column=found.start() + 1),
            codes=tuple(code.strip().upper() for code in (found["codes"] or "").split(",") if code.strip()),
            reason=found["reason"].strip(" \t:-"),
            first_line=first + 1,
            last_line=last + 1,
        )


def _next(lines: list[str], number: int) -> int:
    """The next line that says something; the comment's own where none does."""
    for at in range(number + 1, len(lines)):
        text = lines[at].strip()
        if text and not text.startswith(("#", "---", "%")):
            return at
    return number


def _reach(lines: list[str], target: int) -> tuple[int, int]:
    begun = _BEGINS_OBJECT.match(lines[target])
    if begun is None:
        return target, target
    if begun["dash"]:
        depth = begun["dash"].index("-")
        last = target
        while last + 1 < len(lines) and (not lines[last + 1].strip() or _indent(lines[last + 1]) > depth):
            last += 1
        return target, last
    first = last = target
    while first > 0 and not lines[first - 1].startswith("---"):
        first -= 1
    while last + 1 < len(lines) and not lines[last + 1].startswith("---"):
        last += 1
    return first, last


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
