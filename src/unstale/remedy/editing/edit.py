"""What can be changed in a manifest: a value set, an item put into a list, something taken out, an object added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from unstale.model.errors import InputError
from unstale.remedy.manifest import Manifest, Value

Path: TypeAlias = tuple[str | int, ...]
"""Keys and, counted from 0, places in lists, from the object down: `("spec", "http", 0, "retries")`."""


class CannotEditError(InputError):
    """A place that cannot be changed without changing more; its text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """Give a field a value, whether it is there or not; maps on the way to it are made."""

    path: Path
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """Put an item into a list, in front of the item at the last step of `path`, at the end where there is none."""

    path: Path
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Take out a field or an item."""

    path: Path


Change: TypeAlias = Set | Insert | Remove


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An object in a file: the line (counted from 1) on which its document's map begins, and its place in a List."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A change of one object."""

    place: Place
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A new object, at the end of a file."""

    file: str
    manifest: Manifest
