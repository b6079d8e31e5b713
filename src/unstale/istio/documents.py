"""Manifest texts as YAML documents: node trees with a line and column for every value.

PyYAML's own loading is of no use: it forgets the places, reads scalars as YAML 1.1 with its own reading of it, takes
the last of two equal keys, and stops at the first error. So only its scanner and composer work here, in C where
libyaml is there. A document separator at the start of a line separates whatever stands around it, so each document is
composed on its own: an error in one leaves the others readable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import yaml
from yaml.composer import Composer
from yaml.nodes import Node, ScalarNode
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.scanner import Scanner

from unstale.istio.aliases import MOST_VALUES, alias_fault
from unstale.istio.source import Source
from unstale.model.origin import Origin
from unstale.model.problem import Problem

PLAIN = "?"
QUOTED = "!"
DEEPEST = 64
_TOO_DEEP = f"is nested more than {DEEPEST} levels deep"
_BOUNDS = f"At most {DEEPEST} levels and {MOST_VALUES} values are allowed, and no alias inside its own anchor."
_SEPARATOR = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_DIRECTIVE = re.compile(r"^%", re.MULTILINE)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _UnboundedError(yaml.MarkedYAMLError):
    """Nesting or aliases beyond what any manifest has; following them would not end, or only with the stack."""


class _Tags:
    """Stands in for PyYAML's resolver: a tag only says whether a scalar was plain, and depth is counted."""

    depth = 0

    def resolve(self, kind: type[Node], value: str | None, implicit: Any) -> str:
        del value
        return PLAIN if kind is ScalarNode and implicit[0] else QUOTED

    def descend_resolver(self, parent: Node | None, index: object) -> None:
        del index
        self.depth += 1
        if self.depth > DEEPEST:
            mark = None if parent is None else parent.start_mark
            raise _UnboundedError(None, None, _TOO_DEEP, mark)

    def ascend_resolver(self) -> None:
        self.depth -= 1


class PurePythonComposer(_Tags, Reader, Scanner, Parser, Composer):
    """What reads YAML where PyYAML was built without libyaml."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)


def _fastest() -> type[Any]:
    if not yaml.__with_libyaml__:
        return PurePythonComposer
    from yaml._yaml import CParser

    class LibyamlComposer(_Tags, CParser):
        """What reads YAML where PyYAML has libyaml."""

    return LibyamlComposer


FASTEST = _fastest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`root` is None for an empty document; its marks count lines from `first_line`, which counts from 0."""

    file: str
    first_line: int
    root: Node | None
    may_merge: bool

    def origin(self, node: Node) -> Origin:
        """Where a node of this document starts."""
        return _origin(self.file, self.first_line, node.start_mark)


def documents(source: Source, problems: list[Problem], *, composer: type[Any] = FASTEST) -> Iterator[Document]:
    """All documents that can be read; a problem for each that cannot."""
    first_line = 0
    for part in _parts(source.text.removeprefix("\ufeff")):
        try:
            yield from _composed(source.name, first_line, part, composer)
        except ReaderError:
            problems.append(_unprintable(source.name, first_line, part))
        except yaml.MarkedYAMLError as error:
            problems.append(_unreadable(source.name, first_line, part, error))
        except (ValueError, OverflowError):
            problems.append(_impossible(source.name, first_line))
        first_line += part.count("\n")


def _parts(text: str) -> Iterator[str]:
    if _DIRECTIVE.search(text):
        yield text
        return
    start = 0
    for separator in _SEPARATOR.finditer(text):
        yield text[start : separator.start()]
        start = separator.start()
    yield text[start:]


def _composed(file: str, first_line: int, part: str, composer: type[Any]) -> Iterator[Document]:
    if not part.isascii() and _UNPRINTABLE.search(part):
        raise ReaderError(file, 0, 0, "unicode", "")
    nodes = composer(part)
    may_alias = "&" in part and "*" in part
    while nodes.check_node():
        root = cast("Node | None", nodes.get_node())
        if may_alias and root is not None and (fault := alias_fault(root, DEEPEST)):
            raise _UnboundedError(None, None, fault, root.start_mark)
        yield Document(file=file, first_line=first_line, root=root, may_merge="<<" in part)


def _origin(file: str, first_line: int, mark: Any) -> Origin:
    if mark is None:
        return Origin(file=file, line=first_line + 1, column=1)
    return Origin(file=file, line=first_line + mark.line + 1, column=mark.column + 1)


def _unreadable(file: str, first_line: int, part: str, error: yaml.MarkedYAMLError) -> Problem:
    what = error.problem or error.context or "cannot be read"
    mark = error.problem_mark or error.context_mark
    origin = _origin(file, first_line, mark)
    if "maximum nesting" in what:
        what = _TOO_DEEP
    if isinstance(error, _UnboundedError) or what is _TOO_DEEP:
        return Problem(origin=origin, what=f"document {what}", allowed=_BOUNDS)
    if mark is not None and _sign(part, mark) == "\t":
        return Problem(origin=origin, what="a tab cannot indent", allowed="Write spaces.")
    if error.problem and error.context:
        begun = _origin(file, first_line, error.context_mark).line
        what += f" {error.context}" + (f" begun in line {begun}" if begun != origin.line else "")
    allowed = "Check indentation, colons and quotes here and in the line before."
    return Problem(origin=origin, what=f"not readable as YAML: {what}", allowed=allowed)


def _sign(part: str, mark: Any) -> str:
    lines = part.split("\n", mark.line + 1)
    line = lines[mark.line] if mark.line < len(lines) else ""
    return line[mark.column : mark.column + 1]


def _impossible(file: str, first_line: int) -> Problem:
    """PyYAML's own code lets numbers pass in escapes and directives that Python then refuses."""
    return Problem(
        origin=_origin(file, first_line, None),
        what="not readable as YAML: an escape or a directive has an impossible number",
        allowed="Look for backslashes in double quotes, and for %YAML.",
    )


def _unprintable(file: str, first_line: int, part: str) -> Problem:
    found = _UNPRINTABLE.search(part)
    at = found.start() if found else 0
    before = part[:at]
    origin = Origin(file=file, line=first_line + before.count("\n") + 1, column=at - (before.rfind("\n") + 1) + 1)
    sign = f"U+{ord(part[at]):04X}" if found else "unknown"
    return Problem(
        origin=origin,
        what=f"a character that YAML does not allow ({sign})",
        allowed='Write it as an escape such as "\\x07" in double quotes.',
    )
