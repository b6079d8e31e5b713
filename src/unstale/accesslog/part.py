"""The scan of a part of the logs, as sums that can be added to the sums of other parts.

A part is a byte range of a file or a piece of a stream. It is small, can be sent to another machine, and does not know
where in its file it lies: line numbers count from the part's own first line until the parts are put in a row.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from unstale.accesslog.durations import bucket_of, packed
from unstale.accesslog.instant import epoch_s, iso_minute
from unstale.accesslog.result import AppError, GroupKey, PreviousUse
from unstale.accesslog.row import Row, cluster_host, is_failure

# Hosts that an address is said to serve: the first in order.
USERS = 8
# What is known of a group: its rows, and packed counts of their durations (`durations.Durations`).
Sum = tuple[int, tuple[bytes, ...]]


@dataclass(slots=True)
class Tally:
    """A group while it is counted row by row: rows, failing rows that were kept, and rows by duration bucket."""

    count: int = 0
    kept: int = 0
    counts: dict[int, int] = field(default_factory=dict)

    def add(self, duration_ms: int) -> None:
        """One more row."""
        self.count += 1
        bucket = bucket_of(duration_ms)
        self.counts[bucket] = self.counts.get(bucket, 0) + 1


@dataclass(slots=True, kw_only=True)
class AddressTally:
    """An upstream address while it is counted; times are START_TIME in seconds since 1970."""

    successes: int = 0
    failures: int = 0
    first_success_s: float | None = None
    last_success_s: float | None = None
    first_failure_s: float | None = None
    last_failure_s: float | None = None
    users: set[str] = field(default_factory=set)

    def merge(self, other: AddressTally) -> None:
        """Add what another part saw of this address."""
        self.successes += other.successes
        self.failures += other.failures
        self.first_success_s = earliest(self.first_success_s, other.first_success_s)
        self.last_success_s = latest(self.last_success_s, other.last_success_s)
        self.first_failure_s = earliest(self.first_failure_s, other.first_failure_s)
        self.last_failure_s = latest(self.last_failure_s, other.last_failure_s)
        self.users |= other.users


@dataclass(slots=True, kw_only=True)
class Kept:
    """A failing row that is handed on whole: its line (from 0, within the part), and its group.

    Of a stream's rows the history is looked up while the stream passes: `previous`, and `is_traced`.
    """

    line: int
    row: Row
    key: GroupKey
    previous: PreviousUse | None = None
    is_traced: bool = False


@dataclass(slots=True, kw_only=True)
class Part:
    """Sums over one part. `rows + bad == total`; `first_unread` are a few lines that nothing could be made of.
    `tallies` are groups that are still counted; `settle` moves them to `groups`.

    `small_rows` are all rows of a small input, which may have been mended and are not to be found by a second reading.
    """

    total: int = 0
    rows: int = 0
    bad: int = 0
    ambiguous: int = 0
    application: int = 0
    continued: int = 0
    size_bytes: int = 0
    failed: int = 0
    app_failed: int = 0
    formats: dict[str, int] = field(default_factory=dict)
    tallies: dict[GroupKey, Tally] = field(default_factory=dict)
    groups: dict[GroupKey, Sum] = field(default_factory=dict)
    addresses: dict[str, AddressTally] = field(default_factory=dict)
    kept: list[Kept] = field(default_factory=list)
    app_errors: list[AppError] = field(default_factory=list)
    first_unread: list[str] = field(default_factory=list)
    small_rows: list[Row] = field(default_factory=list)

    def add_row(self, row: Row, line: int, kept_per_group: int) -> None:
        """Count one row that stands on `line`."""
        self.rows += 1
        self.formats[row.format] = self.formats.get(row.format, 0) + 1
        key = group_key(row)
        tally = self.tallies.get(key)
        if tally is None:
            tally = self.tallies[key] = Tally()
        tally.add(row.duration_ms)
        has_failed = is_failure(row.status, row.flags, row.grpc_status) or _is_bare(row)
        if row.upstream_host:
            self._add_address(row, has_failed)
        if has_failed:
            self.failed += 1
            if tally.kept < kept_per_group:
                tally.kept += 1
                self.kept.append(Kept(line=line, row=row, key=key))

    def settle(self) -> None:
        """Move what was counted row by row to `groups`."""
        for key, tally in self.tallies.items():
            self.groups[key] = added(self.groups.get(key), (tally.count, (packed(tally.counts),)))
        self.tallies = {}

    def _add_address(self, row: Row, has_failed: bool) -> None:
        address = self.addresses.get(row.upstream_host)
        if address is None:
            address = self.addresses[row.upstream_host] = AddressTally()
        seconds = row.start_s
        user = row.authority or row.requested_server_name
        one = AddressTally(users={user} if user else set())
        if has_failed:
            one.failures, one.first_failure_s, one.last_failure_s = 1, seconds, seconds
        else:
            one.successes, one.first_success_s, one.last_success_s = 1, seconds, seconds
        address.merge(one)


def added(one: Sum | None, other: Sum) -> Sum:
    """Two sums of one group."""
    return other if one is None else (one[0] + other[0], one[1] + other[1])


def group_key(row: Row) -> GroupKey:
    """The group that a row is counted in."""
    return GroupKey(
        host=row.host,
        cluster=row.cluster,
        flags=",".join(sorted(row.flags)),
        details=row.details,
        status=row.status,
        minute=minute_of(row.time),
    )


def minute_of(time: str) -> str:
    """The minute of a time stamp, in UTC; "" where it cannot be read."""
    if len(time) >= 20 and time[10] == "T" and time.endswith("Z"):
        return time[:16]
    seconds = epoch_s(time)
    return iso_minute(seconds) if seconds is not None else ""


def named_host(host: str, cluster: str) -> str:
    """The host that a row is counted under: as `Row.host`, of an authority or SNI that may be ""."""
    return host or cluster_host(cluster)


def earliest(one: float | None, other: float | None) -> float | None:
    """The earlier of two times, of which either may be missing."""
    return other if one is None else one if other is None else min(one, other)


def latest(one: float | None, other: float | None) -> float | None:
    """The later of two times, of which either may be missing."""
    return other if one is None else one if other is None else max(one, other)


def _is_bare(row: Row) -> bool:
    """Whether it is a fragment that holds nothing but what went wrong: neither status nor flags to judge by."""
    return {"status", "flags"} <= row.absent and row.details != "via_upstream"
