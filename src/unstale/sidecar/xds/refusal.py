"""Read Envoy's refusal: which resources it is about, and the reason without the message it quotes in full."""

from __future__ import annotations

import re
from collections.abc import Iterable

_QUOTED_MESSAGE = re.compile(r"goo\.gle/debug\S*\s.*?\n: ", re.DOTALL)
_PREAMBLE = re.compile(r"^Error adding/updating \w+\(s\) ")


def concerned(names: Iterable[str], error: str) -> tuple[str, ...]:
    """The names that the error mentions as whole words; all of them where it mentions none."""
    several = tuple(names)
    return tuple(name for name in several if _mentions(error, name)) or several


def short_reason(names: tuple[str, ...], error: str) -> str:
    """The reason in one line, without the name where it is about one resource only.

    Envoy quotes a message that fails its own checks, which may be thousands of lines, between a marker and a colon.
    """
    line = " ".join(_PREAMBLE.sub("", _QUOTED_MESSAGE.sub("", error)).split()).removesuffix(".")
    return line.removeprefix(f"{names[0]}: ") if len(names) == 1 else line


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w|*.-]){re.escape(name)}(?![\w|-]|\.\w)", text) is not None
