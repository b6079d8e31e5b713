"""What was made of a sequence, carried over to the sequence that follows it.

Of twenty thousand items an edit changes a few that stand together, and the others are the very same objects. Looking
each of them up takes milliseconds; passing by what both sequences have at their two ends takes a tenth of that, so
only what lies between is looked up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress, count
from operator import is_not
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried(Generic[Item, Result]):
    """`results` has None at the places `unknown`; `gone` are the items that are not there any more, with theirs."""

    results: list[Result | None]
    unknown: list[int]
    gone: list[tuple[Item, Result]]


def carried(before: Sequence[Item], results: Sequence[Result], after: Sequence[Item]) -> Carried[Item, Result]:
    """The results of the items of `before`, in their order, for those of `after` that are the same objects."""
    head, tail = shared_ends(before, after)
    old_end, new_end = len(before) - tail, len(after) - tail
    old = list(zip(before[head:old_end], results[head:old_end], strict=True))
    new = after[head:new_end]
    known = {id(item): result for item, result in old}
    found: list[Result | None] = [known.get(id(item)) for item in new]
    stayed = set(map(id, new))
    return Carried(
        results=[*results[:head], *found, *results[old_end:]],
        unknown=[head + place for place, result in enumerate(found) if result is None],
        gone=[pair for pair in old if id(pair[0]) not in stayed],
    )


def shared_ends(before: Sequence[object], after: Sequence[object]) -> tuple[int, int]:
    """How many items at the beginning and how many at the end are the same objects in both; none counts twice."""
    shorter = min(len(before), len(after))
    head = next(compress(count(), map(is_not, before, after)), shorter)
    tail = next(compress(count(), map(is_not, reversed(before), reversed(after))), shorter)
    return head, min(tail, shorter - head)
