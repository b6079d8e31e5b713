"""Where values stand in a text: offsets of their first and last characters, which YAML's own marks do not tell.

The mark behind a map in block style is where the next thing begins, comments and empty lines later; a value that is an
alias has the marks of its anchor.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from json import JSONDecoder
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from unstale.istio.composers import PLAIN
from unstale.istio.documents import documents
from unstale.istio.scalars import resolve
from unstale.istio.source import Source
from unstale.model.errors import ManifestError
from unstale.model.problem import Problem

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_ALIAS = re.compile(r"\*[^\s,\[\]{}]+")
_ANCHOR = re.compile(r"&[^\s,\[\]{}]+[ \t]*")
_BLOCK = ("|", ">")
_DECODER = JSONDecoder()


@dataclass
class Layout:
    """A text with its documents; `starts` are the offsets of its lines."""

    text: str
    file: str
    starts: list[int] = field(init=False)
    roots: list[Node] = field(init=False)

    def __post_init__(self) -> None:
        self.starts = [0, *(found.end() for found in _BREAK.finditer(self.text))]
        problems: list[Problem] = []
        found = documents(Source(name=self.file, text=self.text), problems)
        self.roots = [document.root for document in found if document.root is not None and not document.is_empty]
        if problems:
            raise ManifestError(problems)

    @property
    def is_json(self) -> bool:
        """The text is JSON, whose strings and keys are quoted."""
        return self.text.lstrip().startswith(("{", "["))

    @property
    def line_break(self) -> str:
        """What ends its lines."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def offset(self, mark: Any) -> int:
        """Of a mark, in characters."""
        return self.starts[min(int(mark.line), len(self.starts) - 1)] + int(mark.column)

    def end_of(self, node: Node) -> int:
        """Where YAML says that a value ends; the end of a JSON value, which has no mark of its own, is looked up."""
        if node.end_mark is not None:
            return self.offset(node.end_mark)
        return int(_DECODER.raw_decode(self.text, self.start(node))[1])

    def start(self, node: Node) -> int:
        """Of a value's first character, an anchor included."""
        return self.offset(node.start_mark)

    def content_start(self, node: Node) -> int:
        """The same, behind an anchor."""
        start = self.start(node)
        anchor = _ANCHOR.match(self.text, start)
        return anchor.end() if anchor else start

    def line_start(self, offset: int) -> int:
        """The offset at which the line of another one begins."""
        return self.starts[bisect_right(self.starts, offset) - 1]

    def line_end(self, offset: int) -> int:
        """The offset of the line break behind another one, or of the text's end."""
        found = _BREAK.search(self.text, offset)
        return found.start() if found else len(self.text)

    def next_line(self, offset: int) -> int:
        """Where the line after that of an offset begins."""
        found = _BREAK.search(self.text, offset)
        return found.end() if found else len(self.text)

    def column(self, offset: int) -> int:
        """How far a place is from the beginning of its line."""
        return offset - self.line_start(offset)

    def is_flow(self, node: Node) -> bool:
        """Inside of brackets or braces."""
        return self.is_json or bool(getattr(node, "flow_style", False))

    def end(self, node: Node) -> int:
        """The offset behind a value's last character; comments behind it do not belong to it."""
        if isinstance(node, ScalarNode):
            end = self.end_of(node)
            if node.style in _BLOCK:
                return self.start(node) + len(self.text[self.start(node) : end].rstrip("\r\n \t"))
            return end
        if self.is_flow(node) or not node.value:
            return self.end_of(node)
        if isinstance(node, MappingNode):
            return self.value_end(*node.value[-1])
        assert isinstance(node, SequenceNode)
        return self.item_end(node, len(node.value) - 1)

    def alias_at(self, key_end: int, node: Node) -> tuple[int, int] | None:
        """Where `*name` stands, if a value whose key or dash ends at `key_end` is one."""
        if self.start(node) >= key_end:
            return None
        found = _ALIAS.search(self.text, key_end)
        return (found.start(), found.end()) if found else None

    def value_span(self, key: Node, value: Node) -> tuple[int, int]:
        """Of the value of a key; of `*name` where it is an alias."""
        key_end = self.end_of(key)
        return self.alias_at(key_end, value) or (self.start(value), self.end(value))

    def value_end(self, key: Node, value: Node) -> int:
        """Behind the value of a key, or behind the colon where there is none."""
        _, end = self.value_span(key, value)
        return max(end, self.text.find(":", self.end_of(key)) + 1)

    def item_spans(self, items: SequenceNode) -> Iterator[tuple[int, int]]:
        """Of all items of a list, in their order."""
        behind = self.content_start(items)
        for item in items.value:
            span = self.alias_at(behind, item) or (self.start(item), self.end(item))
            yield span
            behind = max(behind, span[1])

    def item_end(self, items: SequenceNode, index: int) -> int:
        """Behind one item."""
        return list(self.item_spans(items))[index][1]

    @cached_property
    def uses(self) -> dict[int, int]:
        """How often each node is used, by its identity."""
        counts: dict[int, int] = {}
        for root in self.roots:
            _count(root, counts)
        return counts


def _count(node: Node, counts: dict[int, int]) -> None:
    counts[id(node)] = counts.get(id(node), 0) + 1
    if counts[id(node)] > 1 or isinstance(node, ScalarNode):
        return
    for inner in node.value:
        for each in inner if isinstance(inner, tuple) else (inner,):
            _count(each, counts)


def plain_value(node: Node) -> Any:
    """A node as maps, lists and scalars, merged maps put together."""
    if isinstance(node, MappingNode):
        return {str(key.value): plain_value(value) for key, value in merged_entries(node)}
    if isinstance(node, SequenceNode):
        return [plain_value(item) for item in node.value]
    assert isinstance(node, ScalarNode)
    return resolve(node.value) if not node.style and node.tag == PLAIN else node.value


def merged_entries(node: MappingNode) -> list[tuple[Node, Node]]:
    """The entries of a map, those of maps that are merged into it (`<<`) in front, where it has none of its own."""
    own = [(key, value) for key, value in node.value if key.value != "<<"]
    names = {str(key.value) for key, _ in own}
    found: list[tuple[Node, Node]] = []
    for key, value in node.value:
        if key.value != "<<":
            continue
        for source in value.value if isinstance(value, SequenceNode) else (value,):
            for entry in merged_entries(source) if isinstance(source, MappingNode) else ():
                if str(entry[0].value) not in names:
                    names.add(str(entry[0].value))
                    found.append(entry)
    return found + own
