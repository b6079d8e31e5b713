"""What a search for a policy measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from unstale.model.experiment import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One policy by the name of what it changes. Sums over the cells; `p99_ms` is the worst of them.

    `twice` counts only methods that must not run twice (POST, PATCH); `repeated` the others, for which it is harmless.
    `extra` is requests that Envoy sent again, `connections` those that it opened.
    """

    candidate: str
    failed: int
    twice: int
    repeated: int
    p99_ms: float
    extra: int
    connections: int
    cells: tuple[Cell, ...] = ()
    is_on_front: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """By how much two runs of one policy may differ in each figure; `p99_ms` for each scenario and method."""

    failed: float = 0.0
    extra: float = 0.0
    connections: float = 0.0
    p99_ms: Mapping[tuple[str, str], float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was tried, in that order, and the noise of the machine that it was measured against."""

    points: tuple[Point, ...]
    noise: Noise
