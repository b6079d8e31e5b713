"""Single values: what a scalar node may be where the schema wants a text, a number or a truth value."""

from __future__ import annotations

import binascii
import math
from base64 import b64decode
from collections.abc import Callable
from enum import Enum
from typing import Final, cast

from yaml.nodes import MappingNode, Node, ScalarNode

from unstale.istio.composers import PLAIN, QUOTED
from unstale.istio.duration import Duration
from unstale.istio.scalars import MAY_BE_NO_TEXT, Scalar, is_odd_integer, resolve
from unstale.istio.shapes import Shape
from unstale.istio.wording import guess, listed, shown


class _Wrong(Enum):
    WRONG = "wrong"


WRONG: Final = _Wrong.WRONG
_LONGEST_KEPT, _MOST_KEPT = 40, 1000
_STR, _INT = "tag:yaml.org,2002:str", "tag:yaml.org,2002:int"
_FLOAT, _BOOL = "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool"
_TAGS = {_STR: str, _INT: int, _FLOAT: float, _BOOL: bool, "tag:yaml.org,2002:null": type(None)}
_NOUNS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


def is_sure_text(node: ScalarNode) -> bool:
    """Whether a scalar is a text by its quotes or its first sign, without a closer look."""
    text = node.value
    return node.tag == QUOTED or (node.tag == PLAIN and text != "" and text[0] not in MAY_BE_NO_TEXT)


class ScalarReader:
    """Reads single values; `wrong` is told what is not allowed and returns WRONG, `odd` what may surprise.

    Both take the node, what is wrong and what is allowed.
    """

    def __init__(self, wrong: Callable[[Node, str, str], object], odd: Callable[[Node, str, str], None]) -> None:
        self._wrong = wrong
        self._odd = odd
        self._is_odd = False

    def read(self, node: Node, shape: Shape) -> object:
        """The value in the type that the message wants, or WRONG."""
        if node.tag != PLAIN or not isinstance(node, ScalarNode):
            return self._read(node, shape)
        kept, text = shape.kept, node.value
        value = kept.get(text)
        if value is None:
            value = self._read(node, shape)
            if value is not WRONG and len(text) < _LONGEST_KEPT and len(kept) < _MOST_KEPT and not self._is_odd:
                kept[text] = value
            self._is_odd = False
        return value

    def _read(self, node: Node, shape: Shape) -> object:
        kind = shape.schema.type
        if not isinstance(node, ScalarNode):
            noun = "a map" if isinstance(node, MappingNode) else "a list"
            return self._wrong(node, f"{shape.schema.name} is {noun}", f"Write {_NOUNS[kind]} here.")
        text = node.value
        if is_sure_text(node):
            value: Scalar = text
        elif node.tag == PLAIN:
            value = resolve(text)
        else:
            tagged = self._tagged(node, shape)
            if tagged is WRONG:
                return WRONG
            value = tagged
        if kind == "string":
            return self._text(node, shape, value)
        if kind == "boolean":
            return value if isinstance(value, bool) else self._mistyped(node, shape, value)
        return self._number(node, shape, value)

    def read_any(self, node: Node) -> object:
        """A single value where any may stand, or WRONG."""
        value = node.value if node.tag in (QUOTED, _STR) else resolve(node.value)
        if isinstance(value, float) and not math.isfinite(value):
            return self._wrong(node, f"value is no number that JSON has ({shown(node.value)})", "Put it in quotes.")
        return value

    def _tagged(self, node: ScalarNode, shape: Shape) -> Scalar | _Wrong:
        wanted = _TAGS.get(node.tag)
        if wanted is str:
            return str(node.value)
        value = resolve(node.value)
        if wanted is not None and (isinstance(value, wanted) or (wanted is float and isinstance(value, int))):
            return value
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        self._wrong(node, f"{shape.schema.name} has a tag that cannot be used here ({shown(tag)})", "Leave it out.")
        return WRONG

    def _text(self, node: ScalarNode, shape: Shape, value: Scalar) -> object:
        if not isinstance(value, str):
            return self._mistyped(node, shape, value)
        field = shape.schema
        if field.enum:
            return self._enum(node, shape, value)
        if len(value) < field.shortest or (field.longest is not None and len(value) > field.longest):
            what = f"{field.name} has {len(value)} characters ({shown(value)})"
            return self._wrong(node, what, f"{field.shortest} to {field.longest} are allowed.")
        if shape.convert is Duration:
            try:
                return Duration.parse(value)
            except ValueError as error:
                return self._wrong(node, f"{field.name} {error} ({shown(value)})", _write_duration(value))
        if shape.convert is bytes:
            try:
                return b64decode(value.encode(), validate=True)
            except (binascii.Error, ValueError):
                return self._wrong(node, f"{field.name} is not base64 ({shown(value)})", "Write base64.")
        return value

    def _enum(self, node: ScalarNode, shape: Shape, value: str) -> object:
        field = shape.schema
        if value in field.enum:
            return value if shape.convert is None else cast("Callable[[str], object]", shape.convert)(value)
        if value in field.newer_enum:
            what = f"{field.name} is known since Istio {field.newer_enum[value]} only ({value})"
            return self._wrong(node, what, f"Write {listed(field.enum)}.")
        near = guess(value, field.enum)
        advice = f"{near} " if near.startswith("Did") else ""
        return self._wrong(
            node, f"{field.name} has no such value ({shown(value)})", f"{advice}Allowed are {', '.join(field.enum)}."
        )

    def _number(self, node: ScalarNode, shape: Shape, value: Scalar) -> object:
        field = shape.schema
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return self._mistyped(node, shape, value)
        if field.type == "integer":
            if value != int(value):
                return self._mistyped(node, shape, value)
            if isinstance(value, int) and node.tag == PLAIN and is_odd_integer(node.value):
                self._is_odd = True
                self._odd(node, f"{field.name} is read as {value} ({shown(node.value)})", f"Write {value}.")
        low, high = field.minimum, field.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            allowed = f"At least {low:.0f}." if high is None else f"{low or 0:.0f} to {high:.0f} are allowed."
            return self._wrong(node, f"{field.name} is out of range ({shown(node.value)})", allowed)
        return int(value) if field.type == "integer" else float(value)

    def _mistyped(self, node: ScalarNode, shape: Shape, value: Scalar) -> object:
        name, kind = shape.schema.name, shape.schema.type
        if value is None:
            noun = "a duration such as 5s" if shape.convert is Duration else _NOUNS[kind]
            return self._wrong(node, f"{name} is empty (null)", f"Write {noun}, or leave the field out.")
        if kind == "string":
            noun = "a truth value" if isinstance(value, bool) else "a number"
            advice = f'Put it in quotes: "{shown(node.value)}".'
            if shape.convert is Duration:
                advice = _write_duration(node.value)
            elif shape.schema.enum:
                advice = f"Allowed are {', '.join(shape.schema.enum)}."
        else:
            noun = f"not {_NOUNS[kind]}"
            advice = f"Write {_NOUNS[kind]}" + (" without quotes." if node.tag == QUOTED else ".")
        return self._wrong(node, f"{name} is {noun} ({shown(node.value)})", advice)


def _write_duration(value: str) -> str:
    if value.isdecimal() and len(value) < 7:
        return f"Write {value}s or {value}000ms."
    return "Write a duration such as 5s, 500ms or 1h30m."
