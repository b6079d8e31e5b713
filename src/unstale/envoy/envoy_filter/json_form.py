"""The value of a patch in the form of the compiled resources: Envoy's names, no zero that says nothing.

Protobuf's JSON has two names for each field, numbers as texts, enums by name or number and durations of any precision.
Where a naive copy keeps what was written, two values that mean the same differ, and a zero seems to overwrite.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from unstale.envoy.envoy_filter.api import Field, Kind, MessageType, enum_values, message_type, type_of
from unstale.envoy.resource import Json
from unstale.istio.duration import Duration

_TYPE = "@type"
_SMALLEST, _LARGEST = -(1 << 31), 1 << 32
_WORDS = ("NaN", "Infinity", "-Infinity")


class FormError(ValueError):
    """The value is no message of that type; the text says where and why."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """One value being read; `unknown` are the paths of fields and enum values that Envoy does not have.

    `unknown_types` are the types of Anys that are not in the table; their content is kept as it is written.
    """

    unknown: list[str] = field(default_factory=list)
    unknown_types: list[str] = field(default_factory=list)

    def message(self, value: Any, message: MessageType, path: str = "") -> Json:
        """The message with Envoy's names; raises FormError."""
        if not isinstance(value, Mapping):
            raise FormError(f"{path or 'value'} is {_shape(value)}, not an object")
        result: Json = {}
        groups: dict[int, str] = {}
        for name, item in value.items():
            if name == _TYPE or item is None:
                continue
            place = f"{path}.{name}" if path else str(name)
            known = message.by_json_name.get(name)
            if known is None:
                self.unknown.append(place)
                continue
            if known.name in result:
                raise FormError(f"{place} is written twice")
            if known.one_of is not None and groups.setdefault(known.one_of, place) != place:
                raise FormError(f"{place} and {groups[known.one_of]} exclude each other")
            read = self._field(item, known, place)
            if read is not None:
                result[known.name] = read
        return result

    def _field(self, item: Any, known: Field, place: str) -> Any:
        """None where the value is the same as none."""
        if known.is_list:
            if not isinstance(item, list):
                raise FormError(f"{place} is {_shape(item)}, not a list")
            items = [self._one(one, known, f"{place}[{number}]") for number, one in enumerate(item)]
            return [one for one in items if one is not None] or None
        if known.is_map:
            if not isinstance(item, Mapping):
                raise FormError(f"{place} is {_shape(item)}, not an object")
            return {str(key): self._one(one, known, f"{place}[{key}]") for key, one in item.items()} or None
        read = self._one(item, known, place)
        return read if known.has_presence or not is_zero(read, known) else None

    def _one(self, item: Any, known: Field, place: str) -> Any:
        match known.kind:
            case Kind.MESSAGE:
                inner = message_type(known.type_name)
                return self.message(item, inner, place) if inner else item
            case Kind.ANY:
                return self._any(item, place)
            case Kind.ENUM:
                return self._enum(item, known, place)
            case Kind.STRUCT:
                if not isinstance(item, Mapping):
                    raise FormError(f"{place} is {_shape(item)}, not an object")
                return dict(item)
            case _:
                return _scalar(item, known.kind, place)

    def _any(self, item: Any, place: str) -> Json:
        if not isinstance(item, Mapping):
            raise FormError(f"{place} is {_shape(item)}, not an object")
        if not item:
            return {}
        name = item.get(_TYPE)
        if not isinstance(name, str) or "/" not in name:
            raise FormError(f'{place} has no "@type" of the form type.googleapis.com/envoy...')
        inner = type_of(item)
        if inner is None:
            if not name.rpartition("/")[2].startswith("google.protobuf."):
                self.unknown_types.append(name)
            return dict(item)
        return {_TYPE: name, **self.message(item, inner, place)}

    def _enum(self, item: Any, known: Field, place: str) -> Any:
        values = enum_values(known.type_name)
        if isinstance(item, str):
            if item not in values:
                self.unknown.append(f"{place}: {item}")
                return None
            return item
        number = _integer(item, place)
        return next((name for name, one in values.items() if one == number), number)


def is_zero(value: Any, known: Field) -> bool:
    """The value that a scalar has where nobody sets it."""
    if known.kind is Kind.ENUM and isinstance(value, str):
        return enum_values(known.type_name)[value] == 0
    return value is None or (value in (0, "0", "") if known.kind is Kind.LONG else not value)


def _scalar(item: Any, kind: Kind, place: str) -> Any:
    match kind:
        case Kind.INT:
            return _integer(item, place)
        case Kind.LONG:
            return str(_integer(item, place, is_long=True))
        case Kind.FLOAT:
            return _float(item, place)
        case Kind.BOOL:
            return _exactly(item, bool, place, "true or false")
        case Kind.STRING | Kind.TIMESTAMP | Kind.FIELD_MASK:
            return _exactly(item, str, place, "a text")
        case Kind.BYTES:
            return _bytes(item, place)
        case Kind.DURATION:
            return _duration(item, place)
        case _:
            return item


def _exactly(item: Any, wanted: type, place: str, words: str) -> Any:
    if not isinstance(item, wanted):
        raise FormError(f"{place} is {_shape(item)}, not {words}")
    return item


def _integer(item: Any, place: str, *, is_long: bool = False) -> int:
    number = item
    if isinstance(item, str):
        try:
            number = int(item)
        except ValueError:
            raise FormError(f'{place} is "{item}", not a whole number') from None
    if isinstance(number, bool) or not isinstance(number, (int, float)) or number != number // 1:
        raise FormError(f"{place} is {_shape(item)}, not a whole number")
    if not is_long and not _SMALLEST <= number < _LARGEST:
        raise FormError(f"{place} is {number}, too large for 32 bits")
    return int(number)


def _float(item: Any, place: str) -> Any:
    if isinstance(item, str):
        if item in _WORDS:
            return item
        try:
            item = float(item)
        except ValueError:
            raise FormError(f'{place} is "{item}", not a number') from None
    if isinstance(item, bool) or not isinstance(item, (int, float)):
        raise FormError(f"{place} is {_shape(item)}, not a number")
    return int(item) if math.isfinite(item) and item == int(item) else item


def _bytes(item: Any, place: str) -> str:
    text = str(_exactly(item, str, place, "a text"))
    padded = text.rstrip("=").replace("-", "+").replace("_", "/")
    padded += "=" * (-len(padded) % 4)
    try:
        return base64.b64encode(base64.b64decode(padded, validate=True)).decode()
    except binascii.Error:
        raise FormError(f'{place} is "{text}", not base64') from None


def _duration(item: Any, place: str) -> str:
    text = str(_exactly(item, str, place, "a text such as 2.5s"))
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    seconds = digits.removesuffix("s")
    whole, _, part = seconds.partition(".")
    is_plain = seconds != digits and whole.isdecimal() and len(part) <= 9 and (part.isdecimal() or not part)
    if not is_plain or not seconds.isascii() or len(whole) > 12:
        raise FormError(f'{place} is "{text}", not seconds such as 2.5s')
    return sign + Duration(int(whole) * 1_000_000_000 + int(part.ljust(9, "0"))).protobuf


def _shape(item: Any) -> str:
    if isinstance(item, Mapping):
        return "an object"
    if isinstance(item, list):
        return "a list"
    return f'"{item}"' if isinstance(item, str) else str(item)
