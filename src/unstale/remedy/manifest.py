"""A manifest in the making: plain values, some with the reason why they are what they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Because:
    """A value and its reason, which is written beside it as a comment."""

    value: Value
    reason: str


Value: TypeAlias = "str | int | float | bool | Because | Mapping[str, Value] | Sequence[Value] | None"
Manifest: TypeAlias = Mapping[str, Value]


def bare(value: Value) -> Any:
    """The value as plain maps, lists and scalars, its reasons left out."""
    if isinstance(value, Because):
        return bare(value.value)
    if isinstance(value, Mapping):
        return {key: bare(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [bare(inner) for inner in value]
    return value


def reasons(value: Value) -> Iterator[str]:
    """All reasons in a value, in their order."""
    if isinstance(value, Because):
        yield value.reason
        yield from reasons(value.value)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from reasons(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from reasons(inner)


def seconds(value: float) -> str:
    """A duration as Istio reads it, milliseconds at least: `30s`, `1500ms`."""
    milliseconds = max(1, round(value * 1000))
    return f"{milliseconds // 1000}s" if milliseconds % 1000 == 0 else f"{milliseconds}ms"
