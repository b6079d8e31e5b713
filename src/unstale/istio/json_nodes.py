"""JSON texts as the same node trees that YAML gives, with a line and column for every value.

JSON is nearly YAML, but not to a YAML reader: it knows no pairs of surrogate escapes (how JSON writes an emoji), no
key longer than 1024 signs, and no two objects without a separator between them, all of which Kubernetes reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from json import JSONDecoder
from typing import Any, cast

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_SPACE = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null", re.ASCII)
_STARTS = re.compile(r"(?:---[ \t\r]*(?=\n|\Z|[{\[]))?[ \t\r\n]*(?=[{\[])")
_DECODER = JSONDecoder(parse_int=str, parse_float=str)
_SURROGATE = re.compile("[\ud800-\udfff]")


class _NotJSONError(ValueError):
    """The text is something else, or nested too deeply."""


@dataclass(slots=True)
class Mark:
    """A place, counted from 0 as PyYAML's own mark has it, without the text that one carries along."""

    line: int
    column: int


def json_nodes(text: str, *, plain: str, quoted: str, deepest: int) -> list[Node] | None:
    """The values that follow one another in a text; None where it is not JSON, or nested more than `deepest` levels.

    `plain` and `quoted` are the tags for bare words and for texts in quotes.
    """
    starts = _STARTS.match(text)
    if starts is None or not _is_json(text, starts.end()):
        return None
    try:
        return list(_Parser(text, plain, quoted, deepest).values(starts.end()))
    except ValueError:
        return None


def _is_json(text: str, at: int) -> bool:
    """A quick look, lest a large text that is nothing is parsed in vain."""
    try:
        while at < len(text):
            _, at = _DECODER.raw_decode(text, at)
            at = _after_space(text, at)
    except (ValueError, RecursionError):
        return False
    return True


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()


class _Parser:
    def __init__(self, text: str, plain: str, quoted: str, deepest: int) -> None:
        self._text = text
        self._plain = plain
        self._quoted = quoted
        self._deepest = deepest
        self._line = 0
        self._line_start = 0
        self._seen = 0

    def values(self, at: int) -> Iterator[Node]:
        while at < len(self._text):
            if self._text[at] not in "{[":
                raise _NotJSONError
            node, at = self._value(at, 1)
            yield node
            at = self._skip(at)

    def _value(self, at: int, depth: int) -> tuple[Node, int]:
        sign = self._text[at : at + 1]
        mark = self._mark(at)
        if sign == '"':
            text, end = self._string(at)
            return ScalarNode(self._quoted, text, mark, None, '"'), end
        if sign in ("{", "["):
            if depth > self._deepest:
                raise _NotJSONError
            return self._map(at, mark, depth) if sign == "{" else self._list(at, mark, depth)
        found = _PLAIN.match(self._text, at)
        if found is None:
            raise _NotJSONError
        return ScalarNode(self._plain, found[0], mark, None, None), found.end()

    def _map(self, at: int, mark: Any, depth: int) -> tuple[Node, int]:
        text = self._text
        pairs: list[tuple[Node, Node]] = []
        at = self._skip(at + 1)
        if text.startswith("}", at):
            return MappingNode(self._quoted, pairs, mark, None), at + 1
        while True:
            if not text.startswith('"', at):
                raise _NotJSONError
            place = self._mark(at)
            name, at = self._string(at)
            key = ScalarNode(self._quoted, name, place, None, '"')
            at = self._skip(at)
            if not text.startswith(":", at):
                raise _NotJSONError
            value, at = self._value(self._skip(at + 1), depth + 1)
            pairs.append((key, value))
            at = self._skip(at)
            if text.startswith("}", at):
                return MappingNode(self._quoted, pairs, mark, None), at + 1
            if not text.startswith(",", at):
                raise _NotJSONError
            at = self._skip(at + 1)

    def _list(self, at: int, mark: Any, depth: int) -> tuple[Node, int]:
        text = self._text
        items: list[Node] = []
        at = self._skip(at + 1)
        if text.startswith("]", at):
            return SequenceNode(self._quoted, items, mark, None), at + 1
        while True:
            item, at = self._value(at, depth + 1)
            items.append(item)
            at = self._skip(at)
            if text.startswith("]", at):
                return SequenceNode(self._quoted, items, mark, None), at + 1
            if not text.startswith(",", at):
                raise _NotJSONError
            at = self._skip(at + 1)

    def _string(self, at: int) -> tuple[str, int]:
        value, end = cast("tuple[str, int]", _DECODER.raw_decode(self._text, at))
        if not value.isascii() and _SURROGATE.search(value):
            value = _SURROGATE.sub("\ufffd", value)
        return value, end

    def _skip(self, at: int) -> int:
        return _after_space(self._text, at)

    def _mark(self, at: int) -> Any:
        """Places are asked for in their order, so each line is counted once."""
        lines = self._text.count("\n", self._seen, at)
        if lines:
            self._line += lines
            self._line_start = self._text.rfind("\n", self._seen, at) + 1
        self._seen = at
        return Mark(self._line, at - self._line_start)
