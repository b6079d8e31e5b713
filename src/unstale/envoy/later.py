"""Origins that are put together only when somebody asks for them.

A route configuration of ten thousand virtual hosts comes from thirty thousand places. Only Envoy's complaint or a
person ever asks for them, and merging them at every change would cost more than the change itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import overload

from unstale.model.origin import Origin


class LaterOrigins(Sequence[Origin]):
    """The origins that `make` returns, made at the first look; equal to whatever sequence has the same ones."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], tuple[Origin, ...]]) -> None:
        self._make = make
        self._made: tuple[Origin, ...] | None = None

    def _all(self) -> tuple[Origin, ...]:
        if self._made is None:
            self._made = self._make()
        return self._made

    @overload
    def __getitem__(self, index: int) -> Origin: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Origin, ...]: ...

    def __getitem__(self, index: int | slice) -> Origin | tuple[Origin, ...]:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._all() == tuple(other)

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())


class LaterParts(Mapping[str, tuple[Origin, ...]]):
    """The origins of a resource's parts by name, made at the first look; equal to any mapping of the same."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Mapping[str, tuple[Origin, ...]]]) -> None:
        self._make = make
        self._made: Mapping[str, tuple[Origin, ...]] | None = None

    def _all(self) -> Mapping[str, tuple[Origin, ...]]:
        if self._made is None:
            self._made = self._make()
        return self._made

    def __getitem__(self, name: str) -> tuple[Origin, ...]:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return repr(self._all())
