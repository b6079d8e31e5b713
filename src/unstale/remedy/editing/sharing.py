"""Values that are written once and used in several places (`&name`, `*name`): each gets its own before one changes.

A change at the anchor would change every place that uses it, and only one of them was found fault with.
"""

from __future__ import annotations

from collections.abc import Iterator

from yaml.nodes import MappingNode, Node, SequenceNode

from unstale.remedy.editing.edit import Path
from unstale.remedy.editing.fragment import block, is_block, scalar
from unstale.remedy.editing.layout import Layout, plain_value


def with_own_value(layout: Layout, root: Node, path: Path) -> str | None:
    """The text with one use of a shared value on the path written out; None where nothing on the path is shared."""
    shared = {id(node) for node in _along(root, path) if layout.uses[id(node)] > 1}
    for top in layout.roots if shared else ():
        for text in _written_out(layout, top, shared):
            return text
    return None


def _along(root: Node, path: Path) -> Iterator[Node]:
    node = root
    for step in path:
        if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        elif isinstance(node, MappingNode):
            found = next((value for key, value in node.value if key.value == str(step)), None)
            if found is None:
                return
            node = found
        else:
            return
        yield node


def _written_out(layout: Layout, node: Node, shared: set[int]) -> Iterator[str]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            span = layout.alias_at(layout.end_of(key), value)
            if span and id(value) in shared and key.value != "<<":
                yield _instead(layout, span, value, layout.column(layout.start(key)), layout.is_flow(node), True)
            elif not span:
                yield from _written_out(layout, value, shared)
    elif isinstance(node, SequenceNode):
        behind = layout.content_start(node)
        for item in node.value:
            span = layout.alias_at(behind, item)
            if span and id(item) in shared:
                yield _instead(layout, span, item, layout.column(span[0]), layout.is_flow(node), False)
            elif not span:
                yield from _written_out(layout, item, shared)
            behind = span[1] if span else layout.end(item)


def _instead(layout: Layout, span: tuple[int, int], node: Node, column: int, is_flow: bool, is_field: bool) -> str:
    value = plain_value(node)
    text = layout.text
    if is_flow or not is_block(value):
        return text[: span[0]] + scalar(value) + text[span[1] :]
    if not is_field:
        return text[: span[0]] + block(value, column, 0, layout.line_break) + text[span[1] :]
    inner = column + (2 if isinstance(value, dict) else 0)
    head = text[: span[0]].rstrip(" \t")
    return head + layout.line_break + " " * inner + block(value, inner, 0, layout.line_break) + text[span[1] :]
