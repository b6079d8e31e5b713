"""When a failed upstream connection was used before: a second look at the logs, for these connections alone.

Keeping every connection of every row would need memory for all rows. The failures are known after the first pass, so
the second counts only the rows of their connections, by the gaps between their failures. Counts and extremes add up,
so this too can be done in parts and in any order.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from unstale.accesslog.part import earliest, latest
from unstale.accesslog.result import PreviousUse
from unstale.accesslog.row import Row

# Upstream local address and upstream host, as logged: together they name one connection at a time.
Connection = tuple[str, str]
_NEVER_BREAKS = frozenset({"DC", "DI", "FI", "RL", "URX"})


@dataclass(slots=True, kw_only=True)
class Gap:
    """The uses of a connection between two of its failures; times in seconds since 1970."""

    count: int = 0
    first_start_s: float | None = None
    last_end_s: float | None = None

    def merge(self, other: Gap) -> None:
        """Add the uses that another part saw."""
        self.count += other.count
        self.first_start_s = earliest(self.first_start_s, other.first_start_s)
        self.last_end_s = latest(self.last_end_s, other.last_end_s)


@dataclass(slots=True, kw_only=True)
class Uses:
    """The uses of the connections that failed: `failed_s` are the sorted start times of a connection's failing rows."""

    failed_s: Mapping[Connection, Sequence[float]]
    gaps: dict[Connection, list[Gap]] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Count a row, if it is one of these connections' and not itself one of the failures."""
        start = row.start_s
        if start is not None:
            self.add_use((row.upstream_local_address, row.upstream_host), start, row.duration_ms)

    def add_use(self, connection: Connection, start_s: float, duration_ms: int) -> None:
        """Count one request on a connection."""
        failed = self.failed_s.get(connection)
        if failed is None:
            return
        at = bisect_left(failed, start_s)
        if at < len(failed) and failed[at] == start_s:
            return
        gaps = self.gaps.get(connection)
        if gaps is None:
            gaps = self.gaps[connection] = [Gap() for _ in range(len(failed) + 1)]
        gaps[at].merge(Gap(count=1, first_start_s=start_s, last_end_s=start_s + duration_ms / 1000))

    def merge(self, other: Uses) -> None:
        """Add what another part saw of the same connections."""
        for connection, gaps in other.gaps.items():
            own = self.gaps.get(connection)
            if own is None:
                self.gaps[connection] = gaps
                continue
            for one, more in zip(own, gaps, strict=True):
                one.merge(more)

    def before(self, row: Row, broken_s: Iterable[float]) -> PreviousUse | None:
        """What the connection of a failing row did before it; `broken_s` are the starts of rows that ended it."""
        connection, start = (row.upstream_local_address, row.upstream_host), row.start_s
        failed = self.failed_s.get(connection)
        if failed is None or start is None:
            return None
        broken = set(broken_s)
        gaps = self.gaps.get(connection) or [Gap() for _ in range(len(failed) + 1)]
        whole = Gap()
        for at in range(bisect_left(failed, start), -1, -1):
            whole.merge(gaps[at])
            if at == 0 or failed[at - 1] in broken:
                break
            whole.merge(Gap(count=1, first_start_s=failed[at - 1], last_end_s=failed[at - 1]))
        if whole.first_start_s is None or whole.last_end_s is None:
            return None
        return PreviousUse(
            idle_s=round(max(0.0, start - whole.last_end_s), 3),
            served=whole.count,
            age_s=round(start - whole.first_start_s, 3),
        )


def connection_of(row: Row) -> Connection | None:
    """The upstream connection that a row names, with a time to look before; None where it does not."""
    if not row.upstream_local_address or not row.upstream_host or row.start_s is None:
        return None
    return row.upstream_local_address, row.upstream_host


def is_broken(row: Row) -> bool:
    """Whether a row's upstream connection cannot have been used after it: it carries a flag of the upstream side."""
    return bool(row.flags - _NEVER_BREAKS)


def wanted(rows: Iterable[Row]) -> dict[Connection, tuple[float, ...]]:
    """The connections of failing rows, with the starts of these rows, sorted."""
    found: dict[Connection, set[float]] = {}
    for row in rows:
        connection, start = connection_of(row), row.start_s
        if connection is not None and start is not None:
            found.setdefault(connection, set()).add(start)
    return {connection: tuple(sorted(starts)) for connection, starts in found.items()}
