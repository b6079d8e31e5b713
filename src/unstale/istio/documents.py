"""Manifest texts as YAML documents: node trees with a line and column for every value.

A text is composed as one stream, which is fastest. A document separator at the start of a line separates whatever
stands around it; so from the first document on that cannot be read, each is composed on its own, and an error in one
leaves the others readable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import yaml
from yaml.nodes import Node, ScalarNode
from yaml.reader import ReaderError

from unstale.istio.aliases import alias_fault
from unstale.istio.composers import DEEPEST, FASTEST, PLAIN, QUOTED, UnboundedError
from unstale.istio.faults import MOST_IN_A_SOURCE
from unstale.istio.json_nodes import json_nodes
from unstale.istio.scalars import resolve
from unstale.istio.source import Source
from unstale.istio.unreadable import UNPRINTABLE, origin_at, problem_of
from unstale.model.origin import Origin
from unstale.model.problem import Problem

_EMPTY = ("", "---", "---\n")
_SEPARATOR = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_DIRECTIVE = re.compile(r"^%", re.MULTILINE)
_FAULTS = (yaml.YAMLError, ValueError, OverflowError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`root` is None for an empty document; its marks count lines from `first_line`, which counts from 0."""

    file: str
    first_line: int
    root: Node | None
    may_merge: bool

    @property
    def is_empty(self) -> bool:
        """Nothing or null stands there."""
        root = self.root
        return root is None or (isinstance(root, ScalarNode) and root.tag == PLAIN and resolve(root.value) is None)

    def origin(self, node: Node) -> Origin:
        """Where a node of this document starts."""
        return origin_at(self.file, self.first_line, node.start_mark)


def documents(source: Source, problems: list[Problem], *, composer: type[Any] = FASTEST) -> Iterator[Document]:
    """All documents that can be read; a problem for each that cannot."""
    text = source.text.removeprefix("\ufeff")
    begun: list[int] = []
    try:
        for document in _composed(source.name, 0, text, composer):
            if not document.is_empty:
                assert document.root is not None and document.root.start_mark is not None
                begun.append(document.root.start_mark.index)
            yield document
        return
    except _FAULTS as error:
        fault = error
    has_directive = _DIRECTIVE.search(text) is not None
    start = _part_start(text, begun[-1]) if begun and not has_directive else 0
    if has_directive or not _SEPARATOR.search(text, 1):
        yield from _instead(source.name, 0, text, fault, len(begun), problems)
        return
    done = sum(index >= start for index in begun)
    first_line = text.count("\n", 0, start)
    broken = len(problems)
    for part in _parts(text, start):
        if len(problems) - broken > MOST_IN_A_SOURCE:
            problems.append(_too_many(Origin(file=source.name, line=first_line + 1, column=1)))
            return
        if part not in _EMPTY:
            yield from _readable(source.name, first_line, part, problems, composer, done)
        first_line, done = first_line + part.count("\n"), 0


def parts_of_text(text: str) -> Iterator[tuple[int, str]]:
    """The text cut at its lines of dashes, each part with the number of its first line, from 0.

    Each part holds one document, or several that are divided by dots alone.
    """
    line = 0
    for part in _parts(text, 0):
        yield line, part
        line += part.count("\n")


def too_many(document: Document) -> Problem:
    """What to tell where the rest of a text is not read because of all that is wrong before."""
    return _too_many(Origin(file=document.file, line=document.first_line + 1, column=1))


def _too_many(origin: Origin) -> Problem:
    return Problem(origin=origin, what=f"more than {MOST_IN_A_SOURCE} problems, and the rest of the text is not read")


def _readable(
    file: str, first_line: int, part: str, problems: list[Problem], composer: type[Any], done: int
) -> Iterator[Document]:
    """What can be read of a part whose first `done` documents, empty ones apart, have been given out already."""
    found = 0
    try:
        for document in _composed(file, first_line, part, composer):
            if not document.is_empty:
                found += 1
            if document.is_empty or found > done:
                yield document
    except _FAULTS as error:
        yield from _instead(file, first_line, part, error, found, problems)


def _instead(
    file: str, first_line: int, part: str, error: Exception, found: int, problems: list[Problem]
) -> Iterator[Document]:
    """The values of a JSON text behind those that were `found` before the error, or a problem."""
    values = json_nodes(part, plain=PLAIN, quoted=QUOTED, deepest=DEEPEST)
    if values is None:
        problems.append(problem_of(file, first_line, part, error))
        return
    for root in values[found:]:
        yield Document(file=file, first_line=first_line, root=root, may_merge=False)


def _part_start(text: str, index: int) -> int:
    """Where the part begins in which a document at `index` stands."""
    while (line := text.rfind("\n---", 0, index)) >= 0:
        if _SEPARATOR.match(text, line + 1):
            return line + 1
        index = line
    return 0


def _parts(text: str, start: int) -> Iterator[str]:
    for separator in _SEPARATOR.finditer(text, start + 1):
        yield text[start : separator.start()]
        start = separator.start()
    yield text[start:]


def _composed(file: str, first_line: int, part: str, composer: type[Any]) -> Iterator[Document]:
    if not part.isascii() and UNPRINTABLE.search(part):
        raise ReaderError(file, 0, 0, "unicode", "")
    nodes = composer(part)
    may_merge = "<<" in part
    may_alias = "&" in part and "*" in part
    while nodes.check_node():
        root = cast("Node | None", nodes.get_node())
        if may_alias and root is not None and _has_alias(part, root) and (fault := alias_fault(root, DEEPEST)):
            raise UnboundedError(None, None, fault, root.start_mark)
        yield Document(file=file, first_line=first_line, root=root, may_merge=may_merge)


def _has_alias(part: str, root: Node) -> bool:
    """Whether the document may have an anchor and an alias; both signs stand in many texts that have none."""
    start, end = root.start_mark, root.end_mark
    if start is None or end is None:
        return True
    anchor = part.find("&", 0, end.index)
    return anchor >= 0 and part.find("*", start.index, end.index) >= 0
