"""One change in one text: the pieces that are replaced, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from unstale.remedy.editing.edit import CannotEditError, Change, Insert, Path, Remove, Set
from unstale.remedy.editing.fragment import block, is_block, json_text, one_line, reason, scalar
from unstale.remedy.editing.layout import Layout, merged_entries, plain_value
from unstale.remedy.manifest import Because, Value

_SPACE = re.compile(r"[ \t]*")
_COMMENT = re.compile(r"[ \t]*#")


def apply(layout: Layout, root: Node, change: Change) -> str:
    """The text with the change made to the object at `root`.

    Raises CannotEditError where the place is not there, or cannot be changed without changing others.
    """
    if not isinstance(root, MappingNode):
        raise CannotEditError(f"{layout.file}: not an object. A map is needed.")
    match change:
        case Set(path=path, value=value):
            return _set(layout, root, path, value)
        case Insert(path=path, value=value):
            return _insert(layout, root, path, value)
        case Remove(path=path):
            return _remove(layout, root, path)


def _set(layout: Layout, root: MappingNode, path: Path, value: Value) -> str:
    node: Node = root
    for depth, step in enumerate(path):
        is_last = depth == len(path) - 1
        if isinstance(node, SequenceNode):
            start, end = _item(layout, node, step, path)
            if is_last:
                return _replaced(layout, start, end, value, is_item=True, is_flow=layout.is_flow(node))
            node = node.value[_index(step, path)]
            continue
        if not isinstance(node, MappingNode):
            return _over_empty(layout, root, path, depth, value)
        found = _entry(node, step)
        if found is None:
            merged = {str(key.value): inner for key, inner in merged_entries(node)}
            rest = _nested(path[depth + 1 :], value)
            if str(step) in merged and not is_last:
                rest = _with(plain_value(merged[str(step)]), path[depth + 1 :], value)
            return _added(layout, node, str(step), rest)
        if is_last:
            start, end = layout.value_span(*found)
            return _replaced(layout, start, end, value, key=found[0], is_flow=layout.is_flow(node))
        node = found[1]
    raise CannotEditError(f"{layout.file}: a path is empty. It has to name a field.")


def _over_empty(layout: Layout, root: MappingNode, path: Path, depth: int, value: Value) -> str:
    """A field that is written without a value (`tcp:`) gets the map that is to be in it."""
    parent = node_at(layout, root, path[: depth - 1])
    node = node_at(layout, root, path[:depth])
    if not isinstance(node, ScalarNode) or plain_value(node) is not None or not isinstance(parent, MappingNode):
        raise CannotEditError(f"{layout.file}: {_told(path[:depth])} is no map. Write it by hand.")
    return _set(layout, root, path[:depth], _nested(path[depth:], value))


def node_at(layout: Layout, root: Node, path: Path) -> Node:
    """The value at a path. Raises CannotEditError where there is none."""
    node = root
    for step in path:
        if isinstance(node, SequenceNode):
            node = node.value[_index(step, path)]
            continue
        found = _entry(node, step) if isinstance(node, MappingNode) else None
        if found is None:
            raise CannotEditError(f"{layout.file}: {_told(path)} is not there.")
        node = found[1]
    return node


def _insert(layout: Layout, root: MappingNode, path: Path, value: Value) -> str:
    items = node_at(layout, root, path[:-1])
    if not isinstance(items, SequenceNode):
        raise CannotEditError(f"{layout.file}: {_told(path[:-1])} is no list.")
    index = min(_index(path[-1], path), len(items.value))
    spans = list(layout.item_spans(items))
    if layout.is_flow(items):
        return _into_flow(layout, items, spans, index, lambda column, step: _flow(layout, value, column, step))
    column = layout.column(layout.content_start(items))
    text = block([value], column, 0, layout.line_break)
    if index == len(spans):
        return _behind(layout, spans[-1][1], " " * column + text)
    dash = _dash(layout, spans[index][0])
    return layout.text[:dash] + text + layout.line_break + " " * column + layout.text[dash:]


def _remove(layout: Layout, root: MappingNode, path: Path) -> str:
    parent = node_at(layout, root, path[:-1])
    if isinstance(parent, SequenceNode):
        spans = list(layout.item_spans(parent))
        index = _index(path[-1], path)
        start = spans[index][0] if layout.is_flow(parent) else _dash(layout, spans[index][0])
        following = (
            [spans[index + 1][0] if layout.is_flow(parent) else _dash(layout, spans[index + 1][0])]
            if (index + 1 < len(spans))
            else []
        )
        return _without(layout, parent, index, start, spans[index][1], following, len(spans))
    found = _entry(parent, path[-1]) if isinstance(parent, MappingNode) else None
    if found is None or not isinstance(parent, MappingNode):
        return layout.text
    index = parent.value.index(found)
    start, end = layout.start(found[0]), layout.value_end(*found)
    following = [layout.start(parent.value[index + 1][0])] if index + 1 < len(parent.value) else []
    return _without(layout, parent, index, start, end, following, len(parent.value))


def _without(layout: Layout, parent: Node, index: int, start: int, end: int, following: list[int], count: int) -> str:
    """Without an entry; the last one of all leaves empty brackets or braces."""
    text = layout.text
    if count == 1:
        empty = "[]" if isinstance(parent, SequenceNode) else "{}"
        if layout.is_flow(parent):
            return text[: layout.content_start(parent)] + empty + text[layout.end(parent) :]
        head = text[:start].rstrip(" \t\r\n")
        return head + " " + empty + text[end:]
    if layout.is_flow(parent):
        if following:
            return text[:start] + text[following[0] :]
        comma = text.rfind(",", 0, start)
        return text[:comma] + text[end:]
    line = layout.line_start(start)
    if text[line:start].strip(" "):
        return text[:start] + text[following[0] :]
    return text[:line] + text[layout.next_line(end) :]


def _replaced(
    layout: Layout,
    start: int,
    end: int,
    value: Value,
    *,
    key: Node | None = None,
    is_item: bool = False,
    is_flow: bool = False,
) -> str:
    text = layout.text
    if is_flow:
        return text[:start] + _flow(layout, value, *_json_step(layout, start)) + text[end:]
    if is_item or key is None:
        column = layout.column(start)
        return text[:start] + block(value, column, 0, layout.line_break) + text[end:]
    column = layout.column(layout.start(key))
    if is_block(value):
        colon = text.find(":", layout.end_of(key)) + 1
        fragment = block(value, column + _step(value), 0, layout.line_break)
        return (
            text[:colon]
            + _rest_of_line(text, colon, end)
            + layout.line_break
            + " " * (column + _step(value))
            + fragment
            + text[end:]
        )
    line_rest = text[end : layout.line_end(end)]
    told = "" if line_rest.strip() else reason(value)
    space = "" if text[start - 1 : start] in (" ", "\t") else " "
    return text[:start] + space + one_line(value) + told + text[end:]


def _rest_of_line(text: str, colon: int, end: int) -> str:
    """A comment behind the colon stays there."""
    found = _COMMENT.match(text, colon)
    if found is None:
        return ""
    stop = text.find("\n", colon)
    return text[colon : min(stop if stop >= 0 else len(text), end)].rstrip("\r")


def _step(value: Value) -> int:
    """Lists stand below their key, maps two columns further."""
    inner = value.value if isinstance(value, Because) else value
    return 2 if isinstance(inner, Mapping) else 0


def _added(layout: Layout, node: MappingNode, key: str, value: Value) -> str:
    if layout.is_flow(node) or not node.value:
        spans = [(layout.start(name), layout.value_end(name, inner)) for name, inner in node.value]

        def made(column: int, step: int) -> str:
            name = f'"{key}"' if layout.is_json else scalar(key)
            return f"{name}: {_flow(layout, value, column, step)}"

        return _into_flow(layout, node, spans, len(spans), made)
    first, last = node.value[0], node.value[-1]
    column = layout.column(layout.start(first[0]))
    lines = block({key: value}, column, 0, layout.line_break)
    return _behind(layout, layout.value_end(*last), " " * column + lines)


def _behind(layout: Layout, end: int, lines: str) -> str:
    """Whole lines behind the line on which something ends."""
    stop = layout.line_end(end)
    return layout.text[:stop] + layout.line_break + lines + layout.text[stop:]


def _into_flow(
    layout: Layout, node: Node, spans: list[tuple[int, int]], index: int, make: Callable[[int, int], str]
) -> str:
    """Into brackets or braces, on a line of its own where the others are."""
    text = layout.text
    if not spans:
        start = layout.content_start(node)
        return text[: start + 1] + make(*_json_step(layout, start)) + text[layout.end(node) - 1 :]
    begin = spans[0][0]
    own_line = not text[layout.line_start(begin) : begin].strip()
    column, step = _json_step(layout, begin)
    gap = layout.line_break + " " * layout.column(begin) if own_line else " "
    fragment = make(column if own_line else 0, step if own_line else 0)
    if index < len(spans):
        at = spans[index][0]
        return text[:at] + fragment + "," + gap + text[at:]
    at = spans[-1][1]
    return text[:at] + "," + gap + fragment + text[at:]


def _flow(layout: Layout, value: Value, column: int, step: int) -> str:
    return json_text(value, column, step, layout.line_break) if layout.is_json else scalar(value)


def _json_step(layout: Layout, offset: int) -> tuple[int, int]:
    """The column that a line has, and by how much deeper lines are indented; 0 for JSON on one line."""
    line = layout.line_start(offset)
    space = _SPACE.match(layout.text, line)
    indent = space.end() - line if space else 0
    inner = next((layout.column(layout.start(root.value[0][0])) for root in layout.roots if root.value), 0)
    has_lines = "\n" in layout.text.strip()
    return indent, (inner or 2) if has_lines and layout.is_json else 0


def _dash(layout: Layout, offset: int) -> int:
    """Where the dash of an item stands that begins at an offset."""
    return layout.text.rfind("-", 0, offset)


def _item(layout: Layout, items: SequenceNode, step: str | int, path: Path) -> tuple[int, int]:
    spans = list(layout.item_spans(items))
    index = _index(step, path)
    if index >= len(spans):
        raise CannotEditError(f"{layout.file}: {_told(path)} is not there.")
    return spans[index]


def _index(step: str | int, path: Path) -> int:
    if not isinstance(step, int):
        raise CannotEditError(f"{_told(path)}: a list has no field ({step}).")
    return step


def _entry(node: MappingNode, step: str | int) -> tuple[Node, Node] | None:
    return next(((key, value) for key, value in node.value if key.value == str(step)), None)


def _nested(path: Path, value: Value) -> Value:
    for step in reversed(path):
        value = [value] if isinstance(step, int) else {step: value}
    return value


def _with(base: Any, path: Path, value: Value) -> Value:
    if not path:
        return value
    if isinstance(base, Mapping):
        return {**base, str(path[0]): _with(base.get(str(path[0]), {}), path[1:], value)}
    return _nested(path, value)


def _told(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
