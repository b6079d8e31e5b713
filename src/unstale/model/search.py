"""What a search for a policy measured."""

from __future__ import annotations

from dataclasses import dataclass

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
