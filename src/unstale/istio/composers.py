"""What makes node trees of YAML texts: PyYAML's scanner and composer, in C where libyaml is there.

PyYAML's own loading is of no use: it forgets the places, reads scalars as YAML 1.1 with its own reading of it, takes
the last of two equal keys, and follows nesting until the stack ends.
"""

from __future__ import annotations

import operator
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.nodes import Node, ScalarNode
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

PLAIN = "?"
QUOTED = "!"
DEEPEST = 64
_BOUNDED_SINCE = (0, 2, 5)
TOO_DEEP = f"is nested more than {DEEPEST} levels deep"


class UnboundedError(yaml.MarkedYAMLError):
    """Nesting or aliases beyond what any manifest has; following them would not end, or only with the stack."""


def _tag(kind: type[Node], _: str | None, implicit: Any) -> str:
    """Stands in for PyYAML's resolver: a tag only says whether a scalar was plain."""
    return PLAIN if kind is ScalarNode and implicit[0] else QUOTED


class PurePythonComposer(Reader, Scanner, Parser, Composer):
    """What reads YAML where PyYAML was built without libyaml; it counts the depth, lest it needs too much stack."""

    resolve = staticmethod(_tag)
    depth = 0

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)

    def descend_resolver(self, parent: Node | None, index: object) -> None:
        del index
        self.depth += 1
        if self.depth > DEEPEST:
            mark = None if parent is None else parent.start_mark
            raise UnboundedError(None, None, TOO_DEEP, mark)

    def ascend_resolver(self) -> None:
        self.depth -= 1


def _fastest() -> type[Any]:
    if not yaml.__with_libyaml__:
        return PurePythonComposer
    from yaml._yaml import CParser, get_version

    if get_version() < _BOUNDED_SINCE:
        return PurePythonComposer

    class LibyamlComposer(CParser):
        """What reads YAML where PyYAML has libyaml, which refuses more than 1000 levels by itself.

        It asks a resolver before and after each node; a builtin that takes as many arguments answers in a third of
        the time that an empty method would.
        """

        resolve = staticmethod(_tag)
        descend_resolver = operator.is_
        ascend_resolver = bool

    return LibyamlComposer


FASTEST = _fastest()
