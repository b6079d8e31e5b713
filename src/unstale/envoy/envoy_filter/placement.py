"""Where a patch puts its value into a list of filters or routes, or takes one out (EF-8, EF-9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from unstale.envoy.envoy_filter.patch import Operation, Patch
from unstale.envoy.resource import Json, Traced

T = TypeVar("T")


def named(name: str | None) -> Callable[[Json], bool] | None:
    """Tells the filter of that name; None where the patch names none."""
    return None if name is None else lambda one: one.get("name") == name


def with_list(value: Json, name: str, items: list[Json]) -> Json:
    """The same with these items in one of its lists; protobuf's JSON has no empty lists."""
    result: Json = Traced(value, *value.sources) if isinstance(value, Traced) else dict(value)
    if items:
        result[name] = items
    else:
        result.pop(name, None)
    return result


def placed(items: list[T], patch: Patch, value: T, found: Callable[[T], bool] | None) -> list[T] | None:
    """The list after the patch, None where it has nothing to do.

    `found` tells the item that the patch names, None if it names none: then INSERT_BEFORE is at the beginning,
    INSERT_AFTER at the end, and REPLACE and REMOVE do nothing.
    """
    match patch.operation:
        case Operation.ADD:
            return [*items, value]
        case Operation.INSERT_FIRST:
            return [value, *items]
        case Operation.INSERT_BEFORE if found is None:
            return [value, *items]
        case Operation.INSERT_AFTER if found is None:
            return [*items, value]
        case Operation.REMOVE if found is not None:
            kept = [item for item in items if not found(item)]
            return kept if len(kept) < len(items) else None
        case Operation.INSERT_BEFORE | Operation.INSERT_AFTER | Operation.REPLACE if found is not None:
            return _beside(items, patch.operation, value, found)
    return None


def _beside(items: list[T], operation: Operation, value: T, found: Callable[[T], bool]) -> list[T] | None:
    at = next((place for place, item in enumerate(items) if found(item)), None)
    if at is None:
        return None
    start = at + 1 if operation is Operation.INSERT_AFTER else at
    end = at + 1 if operation is Operation.REPLACE else start
    return [*items[:start], value, *items[end:]]
