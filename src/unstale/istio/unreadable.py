"""What to tell of texts that are no YAML."""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.reader import ReaderError

from unstale.istio.aliases import MOST_VALUES
from unstale.istio.composers import DEEPEST, TOO_DEEP, UnboundedError
from unstale.istio.json_nodes import Mark
from unstale.model.origin import Origin
from unstale.model.problem import Problem

UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_BOUNDS = f"At most {DEEPEST} levels and {MOST_VALUES} values are allowed, and no alias inside its own anchor."


def origin_at(file: str, first_line: int, mark: Any) -> Origin:
    """The place of a mark in a text that begins in `first_line` (from 0); without one, where it begins."""
    if mark is None:
        return Origin(file=file, line=first_line + 1, column=1)
    return Origin(file=file, line=first_line + mark.line + 1, column=mark.column + 1)


def problem_of(file: str, first_line: int, part: str, error: Exception) -> Problem:
    """What an error in composing a text means, in words that help."""
    if isinstance(error, ReaderError):
        return _unprintable(file, first_line, part)
    if isinstance(error, yaml.MarkedYAMLError):
        return _unreadable(file, first_line, part, error)
    return _impossible(file, first_line)


def _unreadable(file: str, first_line: int, part: str, error: yaml.MarkedYAMLError) -> Problem:
    what = error.problem or error.context or "cannot be read"
    mark = _within(part, error.problem_mark or error.context_mark)
    origin = origin_at(file, first_line, mark)
    if "maximum nesting" in what:
        what = TOO_DEEP
    if isinstance(error, UnboundedError) or what is TOO_DEEP:
        return Problem(origin=origin, what=f"document {what}", allowed=_BOUNDS)
    if mark is not None and _sign(part, mark) == "\t":
        return Problem(origin=origin, what="a tab cannot indent", allowed="Write spaces.")
    if error.problem and error.context:
        begun = origin_at(file, first_line, _within(part, error.context_mark)).line
        what += f" {error.context}" + (f" begun in line {begun}" if begun != origin.line else "")
    allowed = "Check indentation, colons and quotes here and in the line before."
    return Problem(origin=origin, what=f"not readable as YAML: {what}", allowed=allowed)


def _within(part: str, mark: Any) -> Any:
    """At the end of a text without a last line break, PyYAML speaks of the line behind it."""
    lines = sum(1 for _ in _BREAK.finditer(part))
    if mark is None or mark.line <= lines:
        return mark
    return Mark(lines, len(part) - max((found.end() for found in _BREAK.finditer(part)), default=0))


def _sign(part: str, mark: Any) -> str:
    lines = part.split("\n", mark.line + 1)
    line = lines[mark.line] if mark.line < len(lines) else ""
    return line[mark.column : mark.column + 1]


def _impossible(file: str, first_line: int) -> Problem:
    """PyYAML's own code lets numbers pass in escapes and directives that Python then refuses."""
    return Problem(
        origin=origin_at(file, first_line, None),
        what="not readable as YAML: an escape or a directive has an impossible number",
        allowed="Look for backslashes in double quotes, and for %YAML.",
    )


def _unprintable(file: str, first_line: int, part: str) -> Problem:
    found = UNPRINTABLE.search(part)
    at = found.start() if found else 0
    before = part[:at]
    origin = Origin(file=file, line=first_line + before.count("\n") + 1, column=at - (before.rfind("\n") + 1) + 1)
    sign = f"U+{ord(part[at]):04X}" if found else "unknown"
    return Problem(
        origin=origin,
        what=f"a character that YAML does not allow ({sign})",
        allowed='Write it as an escape such as "\\x07" in double quotes.',
    )
