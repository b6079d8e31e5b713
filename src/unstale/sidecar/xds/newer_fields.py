"""Fields that Envoy knows and the published message classes do not yet.

xds-protos follows gRPC, not Envoy, and lags behind it. Protobuf carries fields that a message class does not know as
they are, so such a field is taken out of the JSON and appended to the encoded message under its number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from unstale.sidecar.xds import length_delimited
from unstale.sidecar.xds.snapshot import CLUSTER


@dataclass(frozen=True, slots=True, kw_only=True)
class NewerField:
    """A Duration: the way to its message (`*` stands for every item of a list), its name and its number there."""

    way: tuple[str, ...]
    name: str
    number: int


FIELDS: Mapping[str, tuple[NewerField, ...]] = MappingProxyType(
    {
        CLUSTER: (
            NewerField(way=("circuit_breakers", "thresholds", "*", "retry_budget"), name="budget_interval", number=3),
        )
    }
)
"""By type. The number is that of `envoy.config.cluster.v3.CircuitBreakers.Thresholds.RetryBudget` in Envoy 1.40."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One value that was taken out: the keys and indexes to its message, and what to append there."""

    path: tuple[str | int, ...]
    data: bytes


def take_out(type_url: str, value: dict[str, Any]) -> tuple[dict[str, Any], tuple[Taken, ...]]:
    """The JSON without its newer fields, and these. Raises ValueError where one is no duration."""
    taken: list[Taken] = []
    for field in FIELDS.get(type_url, ()):
        for path, holder in _holders(value, field.way):
            if field.name in holder:
                taken.append(Taken(path=path, data=_encoded(field.number, holder[field.name])))
                value = _without(value, path, field.name)
    return value, tuple(taken)


def put_back(message: Message, taken: tuple[Taken, ...]) -> None:
    """Append what was taken out to the message that was made of the rest."""
    for each in taken:
        holder: Any = message
        for step in each.path:
            holder = holder[step] if isinstance(step, int) else getattr(holder, step)
        holder.MergeFromString(each.data)


def _holders(value: Any, way: tuple[str, ...]) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    if not way:
        if isinstance(value, dict):
            yield (), value
    elif way[0] == "*":
        for index, inner in enumerate(value):
            yield from (((index, *path), holder) for path, holder in _holders(inner, way[1:]))
    elif isinstance(value, dict) and way[0] in value:
        yield from (((way[0], *path), holder) for path, holder in _holders(value[way[0]], way[1:]))


def _without(value: Any, path: tuple[str | int, ...], name: str) -> Any:
    if not path:
        return {key: inner for key, inner in value.items() if key != name}
    step = path[0]
    if isinstance(step, int):
        return [_without(inner, path[1:], name) if index == step else inner for index, inner in enumerate(value)]
    return {**value, step: _without(value[step], path[1:], name)}


def _encoded(number: int, text: str) -> bytes:
    duration = Duration()
    duration.FromJsonString(text)
    return length_delimited.field(number, duration.SerializeToString())
