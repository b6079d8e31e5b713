"""Plain YAML scalars as Kubernetes reads them, before any schema.

Kubernetes turns YAML into JSON with a YAML 1.1 reader of its own (sigs.k8s.io/yaml): `no` is false, `017` is 15 and
`1_000` is 1000, but `1:30` and dates stay texts. PyYAML differs in several of these, so its own constructor cannot
be used.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TypeAlias

Scalar: TypeAlias = bool | int | float | str | None

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}
_INTEGER = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", re.ASCII)
_LONGEST_NUMBER = 400
MAY_BE_NO_TEXT = frozenset("0123456789+-.~nNyYtTfFoO")


@lru_cache(maxsize=4096)
def resolve(text: str) -> Scalar:
    """The value of an unquoted scalar: null, a truth value, a number (infinite ones included) or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in MAY_BE_NO_TEXT or len(text) > _LONGEST_NUMBER:
        return text
    digits = text.replace("_", "")
    if _INTEGER.fullmatch(digits):
        number = _integer(digits)
        return number if -(1 << 63) <= number < 1 << 64 else float(number)
    if _FLOAT.fullmatch(digits):
        real = float(digits)
        return real if math.isfinite(real) else text
    return math.inf if _NO_NUMBER.fullmatch(text) else text


def _integer(digits: str) -> int:
    sign = -1 if digits[0] == "-" else 1
    bare = digits.lstrip("+-")
    if bare[:1] == "0" and bare[1:2] in tuple("01234567"):
        return sign * int(bare, 8)
    return sign * int(bare, 0)


def is_odd_integer(text: str) -> bool:
    """Whether an integer is written so that a reader may take it for another number (`0443` is 291)."""
    bare = text.lstrip("+-")
    return not bare.isdecimal() or (len(bare) > 1 and bare[0] == "0")
