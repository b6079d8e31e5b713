"""Bounds on YAML aliases, before anything walks a document.

Ten lines of anchors can stand for a billion values, and an alias inside its own anchor for infinitely many. Size and
depth with all aliases expanded come from one pass over the nodes as they are stored, so they cost no expansion.
"""

from __future__ import annotations

from yaml.nodes import MappingNode, Node, SequenceNode

MOST_VALUES = 100_000
_ENTERED = (-1, -1)


def alias_fault(root: Node, deepest: int) -> str:
    """What is wrong with the aliases below `root`; empty if they may be followed.

    At most MOST_VALUES values or, where more are written out, as many as that; at most `deepest` levels.
    """
    measured: dict[int, tuple[int, int]] = {}
    waiting = [root]
    while waiting:
        node = waiting[-1]
        known = measured.get(id(node))
        if known is None:
            measured[id(node)] = _ENTERED
            children = _children(node)
            if any(measured.get(id(child)) == _ENTERED for child in children):
                return "aliases contain themselves (a cycle)"
            waiting.extend(child for child in children if id(child) not in measured)
            continue
        waiting.pop()
        if known == _ENTERED:
            sizes = [measured[id(child)] for child in _children(node)]
            measured[id(node)] = (
                1 + sum(size for size, _ in sizes),
                1 + max((depth for _, depth in sizes), default=0),
            )
    size, depth = measured[id(root)]
    if size > max(MOST_VALUES, len(measured)):
        return f"aliases stand for more than {MOST_VALUES} values when written out"
    return f"aliases nest more than {deepest} levels deep" if depth > deepest else ""


def _children(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value) if isinstance(node, SequenceNode) else []
