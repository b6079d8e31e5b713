"""Two configurations, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from unstale.comparison.difference import Difference, differences
from unstale.comparison.piece import Piece, Pieces, pieces_of
from unstale.envoy.resource import Resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A piece that only one side has (the other is None), or that both have with differences."""

    before: Piece | None
    after: Piece | None
    differences: tuple[Difference, ...] = ()

    @property
    def piece(self) -> Piece:
        """The one that is there, the newer of two."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def is_new(self) -> bool:
        return self.before is None

    @property
    def is_gone(self) -> bool:
        return self.after is None


def compare(before: Resources, after: Resources) -> tuple[Change, ...]:
    """Everything that changes, in the order of the pieces."""
    return tuple(changes(pieces_of(before), pieces_of(after)))


def changes(before: Pieces, after: Pieces) -> Iterator[Change]:
    """Of two sets of pieces."""
    for key in dict.fromkeys((*before, *after)):
        one, other = before.get(key), after.get(key)
        if one is None or other is None:
            yield Change(before=one, after=other)
        elif one.value != other.value:
            found = differences(one.value, other.value)
            if found:
                yield Change(before=one, after=other, differences=found)


def by_host(found: tuple[Change, ...]) -> Mapping[str, tuple[Change, ...]]:
    """Hosts in the order of their names; what belongs to no single host comes first."""
    grouped: dict[str, list[Change]] = {}
    for change in found:
        grouped.setdefault(change.piece.host, []).append(change)
    return {host: tuple(grouped[host]) for host in sorted(grouped)}
