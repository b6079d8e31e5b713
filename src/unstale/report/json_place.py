"""One place in a JSON document, read strictly: what is not as it should be is told with its path."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

from unstale.model.errors import InputError

_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Place:
    """A value and the path that led to it. Every reading raises InputError where the value is not what was asked."""

    value: object
    path: str
    is_top: bool = True

    def at(self, key: str) -> Place:
        """The place below a key."""
        entries = self._object()
        if key not in entries:
            raise InputError(f"{self._below(key)}: is missing. Write what `unstale prove --json` writes there.")
        return Place(entries[key], self._below(key), False)

    def has(self, key: str) -> bool:
        """Whether the object has the key."""
        return key in self._object()

    def items(self) -> Iterator[Place]:
        """The places of a list."""
        if not isinstance(self.value, list):
            raise self._wrong("is not a list", "Write [..]")
        for index, item in enumerate(self.value):
            yield Place(item, f"{self.path}[{index}]", False)

    def entries(self) -> Iterator[tuple[str, Place]]:
        """The keys and places of an object."""
        for key, value in self._object().items():
            yield key, Place(value, self._below(key), False)

    def texts(self) -> dict[str, str]:
        """An object whose values are all texts."""
        return {key: place.text() for key, place in self.entries()}

    def text(self) -> str:
        """A text."""
        if not isinstance(self.value, str):
            raise self._wrong("is not a text", 'Write ".."')
        return self.value

    def count(self) -> int:
        """A whole number, 0 or more."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < 0:
            raise self._wrong("is not a count", "Write a whole number, 0 or more")
        return self.value

    def number(self, *, above: float = -math.inf) -> float:
        """A finite number greater than `above`."""
        value = self.value
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            raise self._wrong("is not a number", "Write a number such as 0.25")
        if value <= above:
            raise self._wrong("is too small", f"Write a number above {above:g}")
        return value

    def number_or_none(self) -> float | None:
        """A finite number or null."""
        return None if self.value is None else self.number()

    def one_of(self, allowed: tuple[str, ...]) -> str:
        """One of the allowed texts."""
        if self.value not in allowed:
            raise self._wrong("is unknown", f"Allowed: {', '.join(allowed)}")
        return str(self.value)

    def _object(self) -> dict[str, object]:
        if not isinstance(self.value, dict):
            raise self._wrong("is not an object", "Write {..}")
        return self.value

    def _below(self, key: str) -> str:
        step = key if key.isidentifier() else json.dumps(key)
        return f"{self.path}: {step}" if self.is_top else f"{self.path}.{step}"

    def _wrong(self, what: str, allowed: str) -> InputError:
        shown = json.dumps(self.value, default=str)
        shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
        return InputError(f"{self.path}: {what} ({shown}). {allowed}.")
