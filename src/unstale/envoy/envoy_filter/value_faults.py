"""What Istio's webhook finds wrong in the value of a patch.

It reads the value as the message that `applyTo` stands for, by an older reading of protobuf's JSON than the published
one: durations are Go's (`1m30s`), an unknown enum value is refused, an unknown field is only told. Types that are
registered but not in the table here are not looked into.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from unstale.envoy.envoy_filter import api
from unstale.envoy.envoy_filter.api import Field, Kind, MessageType, enum_values, message_type
from unstale.istio.duration import Duration
from unstale.istio.validation.envoy_filter import ValueFault
from unstale.istio.wording import guess, shown

TYPES = {
    "CLUSTER": api.CLUSTER,
    "LISTENER": api.LISTENER,
    "LISTENER_FILTER": api.LISTENER_FILTER,
    "FILTER_CHAIN": api.FILTER_CHAIN,
    "NETWORK_FILTER": api.NETWORK_FILTER,
    "HTTP_FILTER": api.HTTP_FILTER,
    "ROUTE_CONFIGURATION": api.ROUTE_CONFIGURATION,
    "VIRTUAL_HOST": api.VIRTUAL_HOST,
    "HTTP_ROUTE": api.ROUTE,
    "EXTENSION_CONFIG": "envoy.config.core.v3.TypedExtensionConfig",
}
_TYPE = "@type"
_BASE64 = re.compile(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", re.ASCII)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?|NaN|-?Infinity", re.ASCII)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_BITS = {Kind.INT: (-(1 << 31), 1 << 32), Kind.LONG: (-(1 << 63), 1 << 64)}
_WANTED = {
    Kind.STRING: "a text",
    Kind.BOOL: "true or false",
    Kind.BYTES: "base64",
    Kind.DURATION: "a duration such as 5s",
    Kind.TIMESTAMP: "a time such as 2024-05-17T08:30:00Z",
}


def value_faults(apply_to: str, value: Mapping[str, Any]) -> Iterator[ValueFault]:
    """Errors and warnings, each at the path of what it is about."""
    message = message_type(TYPES[apply_to]) if apply_to in TYPES else None
    if message is not None:
        yield from _Reading().message(value, message, "value")


@dataclass(slots=True)
class _Reading:
    """One value being read; to search for the nearest name costs time, and the first few are enough."""

    guesses: int = 100

    def message(self, value: object, message: MessageType, path: str) -> Iterator[ValueFault]:
        if value is None:
            return
        if not isinstance(value, Mapping):
            yield _wrong(path, value, "a map of fields")
            return
        for name, item in value.items():
            if name == _TYPE and path != "value":
                continue
            place = f"{path}.{name}"
            known = message.by_json_name.get(name)
            if known is not None:
                yield from self._field(item, known, place)
            else:
                what = f"{_last(message.name)} has no such field ({shown(name)})"
                yield ValueFault(path=place, what=what, allowed=self._nearest(name, message), is_error=False)

    def _nearest(self, name: str, message: MessageType) -> str:
        self.guesses -= 1
        near = guess(name, message.fields) if self.guesses >= 0 else ""
        return near if near.startswith("Did") else "It is left out, the rest is applied."

    def _field(self, item: object, known: Field, place: str) -> Iterator[ValueFault]:
        if item is None:
            return
        if known.is_list:
            if not isinstance(item, list):
                yield _wrong(place, item, "a list")
                return
            for number, one in enumerate(item):
                yield from self._one(one, known, f"{place}[{number}]")
        elif known.is_map:
            if not isinstance(item, Mapping):
                yield _wrong(place, item, "a map")
                return
            for key, one in item.items():
                yield from self._one(one, known, f"{place}.{key}")
        else:
            yield from self._one(item, known, place)

    def _one(self, item: object, known: Field, place: str) -> Iterator[ValueFault]:
        if item is None:
            return
        if known.kind is Kind.MESSAGE:
            inner = message_type(known.type_name)
            if inner is not None:
                yield from self.message(item, inner, place)
        elif known.kind is Kind.ANY:
            yield from self._any(item, place)
        elif known.kind is Kind.ENUM:
            yield from _enum(item, known, place)
        elif known.kind in (Kind.STRUCT, Kind.LIST_VALUE):
            wanted: tuple[type, str] = (Mapping, "a map") if known.kind is Kind.STRUCT else (list, "a list")
            if not isinstance(item, wanted[0]):
                yield _wrong(place, item, wanted[1])
        elif not _is_scalar(item, known.kind):
            yield _wrong(place, item, _WANTED.get(known.kind, "a number"))

    def _any(self, item: object, place: str) -> Iterator[ValueFault]:
        if not isinstance(item, Mapping):
            yield _wrong(place, item, "a map with @type")
            return
        url = item.get(_TYPE)
        if not isinstance(url, str):
            what = f"{_last(place)} has no @type"
            yield ValueFault(path=place, what=what, allowed='Write "@type": type.googleapis.com/envoy...')
            return
        name = url.rpartition("/")[2]
        message = message_type(name)
        if message is not None:
            yield from self.message(item, message, place)
        elif not name.startswith("google.protobuf.") and name.rpartition(".")[0] not in _unread_packages():
            allowed = "Types of v2 are gone: write the v3 one." if ".v2" in name else "Look for a misspelt word."
            yield ValueFault(path=f"{place}.{_TYPE}", what=f"Istio knows no such type ({shown(name)})", allowed=allowed)


def _enum(item: object, known: Field, place: str) -> Iterator[ValueFault]:
    values = enum_values(known.type_name)
    if isinstance(item, str) and item not in values:
        what = f"{_last(place)} has no such value ({shown(item)})"
        yield ValueFault(path=place, what=what, allowed=guess(item, values))
    elif not isinstance(item, str) and not _is_scalar(item, Kind.INT):
        yield _wrong(place, item, f"one of {', '.join(values)}")


def _is_scalar(item: object, kind: Kind) -> bool:
    match kind:
        case Kind.BOOL:
            return isinstance(item, bool)
        case Kind.STRING | Kind.FIELD_MASK:
            return isinstance(item, str)
        case Kind.BYTES:
            return isinstance(item, str) and _BASE64.fullmatch(item.replace("\n", "")) is not None
        case Kind.DURATION:
            return isinstance(item, str) and _is_duration(item)
        case Kind.TIMESTAMP:
            return isinstance(item, str) and _RFC3339.fullmatch(item) is not None
        case Kind.INT | Kind.LONG:
            return _is_integer(item, *_BITS[kind])
        case Kind.FLOAT:
            text = isinstance(item, str) and _NUMBER.fullmatch(item) is not None
            return text or (isinstance(item, int | float) and not isinstance(item, bool))
        case _:
            return True


def _is_integer(item: object, low: int, high: int) -> bool:
    if isinstance(item, str):
        return len(item) < 21 and _INTEGER.fullmatch(item) is not None and low <= int(item) < high
    if isinstance(item, bool) or not isinstance(item, int | float):
        return False
    return item == int(item) and low <= item < high


def _is_duration(text: str) -> bool:
    try:
        Duration.parse(text)
    except ValueError:
        return False
    return True


def _wrong(path: str, item: object, wanted: str) -> ValueFault:
    if isinstance(item, Mapping):
        noun = "a map"
    elif isinstance(item, list):
        noun = "a list"
    else:
        noun = f"not {wanted} ({shown(item)})"
    return ValueFault(path=path, what=f"{_last(path)} is {noun}", allowed=f"Write {wanted}.")


def _last(path: str) -> str:
    return path.rpartition(".")[2]


@lru_cache(maxsize=1)
def _unread_packages() -> frozenset[str]:
    """Packages whose types Istio has registered, but the table has not."""
    text = files(__package__).joinpath("unread_packages.tsv").read_text(encoding="utf-8")
    return frozenset(text.split())
