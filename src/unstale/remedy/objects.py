"""The objects of all files as they are written: where each begins, what is in it, and what stands at a line and column.

A finding names a place. Which object and which field that is, and which other objects are for the same host, is looked
up here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from yaml.nodes import MappingNode, Node, SequenceNode

from unstale.istio.documents import documents
from unstale.istio.source import Source
from unstale.model.origin import Origin
from unstale.model.problem import Problem
from unstale.remedy.editing.edit import Path, Place
from unstale.remedy.editing.layout import plain_value

_FAR = (1 << 31, 0)
"""Where a value may end whose end no mark tells, as those of JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One object: `value` is all of it as maps, lists and scalars."""

    place: Place
    kind: str
    value: Mapping[str, Any]
    node: Node
    first_line: int

    @property
    def name(self) -> str:
        """Of its metadata."""
        return str(_map(self.value.get("metadata")).get("name", ""))

    @property
    def namespace(self) -> str | None:
        """As it is written, None where it is not."""
        found = _map(self.value.get("metadata")).get("namespace")
        return None if found is None else str(found)

    @property
    def spec(self) -> Mapping[str, Any]:
        """Its spec, empty where there is none."""
        return _map(self.value.get("spec"))

    def get(self, path: Path) -> Any:
        """The value at a path, None where there is none."""
        found: Any = self.value
        for step in path:
            if isinstance(found, Mapping):
                found = found.get(str(step))
            elif isinstance(found, list) and isinstance(step, int) and step < len(found):
                found = found[step]
            else:
                return None
        return found

    def path_at(self, line: int, column: int) -> Path:
        """The path to the value that begins at a place of the file; that of the nearest one around it otherwise."""
        best: Path = ()
        for path, node in _values(self.node, ()):
            at = (node.start_mark.line + self.first_line + 1, node.start_mark.column + 1)
            if at == (line, column):
                return path
            if at < (line, column) < _end(node, self.first_line):
                best = path
        return best


@dataclass(frozen=True, kw_only=True)
class Objects:
    """All of them, in the order of the files and lines."""

    every: tuple[Written, ...]
    _by_file: dict[str, list[Written]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in self.every:
            self._by_file.setdefault(one.place.file, []).append(one)

    def at(self, origin: Origin) -> Written | None:
        """The object in which a place is."""
        found = self._by_file.get(origin.file, [])
        index = bisect_right(found, (origin.line, origin.column), key=lambda one: (one.place.line, one.place.column))
        return found[index - 1] if index else None

    @cached_property
    def _by_host(self) -> Mapping[tuple[str, str], list[Written]]:
        index: dict[tuple[str, str], list[Written]] = {}
        for one in self.every:
            for host in hosts_of(one):
                index.setdefault((one.kind, host.lower()), []).append(one)
        return index

    def of(self, kind: str, host: str) -> list[Written]:
        """The objects of a kind for exactly this host."""
        return self._by_host.get((kind, host.lower()), [])


def objects_of(sources: Iterable[Source]) -> Objects:
    """The objects of files that can be read; the others are left out."""
    return Objects(every=tuple(one for source in sources for one in _of_source(source)))


def hosts_of(written: Written) -> tuple[str, ...]:
    """The hosts that an object is for."""
    spec = written.spec
    if written.kind == "DestinationRule":
        return (str(spec["host"]),) if spec.get("host") else ()
    hosts = spec.get("hosts")
    return tuple(str(host) for host in hosts) if isinstance(hosts, list) else ()


def _of_source(source: Source) -> Iterator[Written]:
    problems: list[Problem] = []
    for document in documents(source, problems):
        if document.is_empty or document.root is None:
            continue
        for node in _objects(document.root):
            value = plain_value(node)
            origin = document.origin(node)
            yield Written(
                place=Place(file=source.name, line=origin.line, column=origin.column),
                kind=str(value.get("kind", "")),
                value=value,
                node=node,
                first_line=document.first_line,
            )


def _objects(root: Node) -> Iterator[Node]:
    if not isinstance(root, MappingNode):
        return
    fields = {str(key.value): value for key, value in root.value}
    items = fields.get("items")
    if str(getattr(fields.get("kind"), "value", "")).endswith("List") and isinstance(items, SequenceNode):
        for item in items.value:
            yield from _objects(item)
    else:
        yield root


def _values(node: Node, path: Path) -> Iterator[tuple[Path, Node]]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield (*path, str(key.value)), value
            yield from _values(value, (*path, str(key.value)))
    elif isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            yield (*path, index), item
            yield from _values(item, (*path, index))


def _end(node: Node, first_line: int) -> tuple[int, int]:
    if node.end_mark is None:
        return _FAR
    return node.end_mark.line + first_line + 1, node.end_mark.column + 1


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
