"""The policy space in a fixed order: the recommended point, each value changed alone, then two at a time.

A full grid of eight values would take weeks. Most of what a value does it does alone, so those come first, and a small
budget still sees each of them; pairs show what only works together, such as many attempts with short pauses.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from unstale.lab.tune.candidate import NEVER_S, SHORT, Candidate, Methods
from unstale.model.errors import InputError

VALUES: Mapping[str, tuple[Any, ...]] = {
    "attempts": (3, 8, 25),
    "backoff_s": (0.025, 0.1, 0.5),
    "methods": (Methods.ALL, Methods.NONE),
    "connect_s": (0.25, 10.0),
    "idle_s": (NEVER_S,),
    "age_s": (NEVER_S, 2.0),
    "has_outliers": (False,),
    "avoids": (True,),
}
"""What is tried of each value beside what follows from the facts."""


def candidates(varied: Collection[str] = ()) -> Iterator[Candidate]:
    """All of them, each once, in the order in which they are tried; only those that change `varied`, if any is named.

    Raises InputError for a value that is not of the space.
    """
    values = {name: VALUES[_field(name)] for name in map(_field, varied)} or VALUES
    start = Candidate()
    yield start
    for name, firsts in values.items():
        for first in firsts:
            yield replace(start, **{name: first})
    for (one, firsts), (other, seconds) in itertools.combinations(values.items(), 2):
        for first, second in itertools.product(firsts, seconds):
            yield replace(start, **{one: first, other: second})


def value_names() -> tuple[str, ...]:
    """What the values are called outside."""
    return tuple(SHORT[field] for field in VALUES)


def _field(name: str) -> str:
    """The field of a candidate by either of its names."""
    for field in VALUES:
        if name in (field, SHORT[field]):
            return field
    raise InputError(f"--vary: unknown ({name}). Allowed: {', '.join(value_names())}.")
