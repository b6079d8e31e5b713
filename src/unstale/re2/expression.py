"""RE2's questions "does all of this text match?" and "is it in there?", answered without backtracking.

Python's `re` reads another syntax and can take for ever; here every part of an expression maps a set of places in the
text to the set of places where it may end, so time grows with the expression times the text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Places = frozenset[int]
Accepts = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Characters:
    """One character of a set."""

    accepts: Accepts


@dataclass(frozen=True, slots=True)
class Sequence:
    """One part after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Any of them."""

    branches: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`least` to `most` times, None for no limit; greedy or not makes no difference to the question."""

    body: Node
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Border:
    """A place without width: `holds` is asked with the text and the place."""

    holds: Callable[[str, int], bool]


Node = Characters | Sequence | Choice | Repeat | Border


def is_full_match(node: Node, text: str) -> bool:
    """The whole text is one match."""
    return len(text) in _ends(node, text, frozenset({0}))


def is_found(node: Node, text: str) -> bool:
    """Some part of the text, be it empty, is a match."""
    return bool(_ends(node, text, frozenset(range(len(text) + 1))))


def _ends(node: Node, text: str, starts: Places) -> Places:
    match node:
        case Characters(accepts=accepts):
            return frozenset(at + 1 for at in starts if at < len(text) and accepts(text[at]))
        case Border(holds=holds):
            return frozenset(at for at in starts if holds(text, at))
        case Sequence(parts=parts):
            for part in parts:
                if not starts:
                    break
                starts = _ends(part, text, starts)
            return starts
        case Choice(branches=branches):
            return frozenset().union(*(_ends(branch, text, starts) for branch in branches))
        case Repeat():
            return _repeated(node, text, starts)


def _repeated(node: Repeat, text: str, starts: Places) -> Places:
    for _ in range(node.least):
        starts = _ends(node.body, text, starts)
    reached, newest, times = starts, starts, node.least
    while newest and (node.most is None or times < node.most):
        newest = _ends(node.body, text, newest) - reached
        reached |= newest
        times += 1
    return reached
