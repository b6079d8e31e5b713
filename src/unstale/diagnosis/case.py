"""One case: everything that failed in one way at one host, beside what went well there.

Findings are told by host and flag, so this is what is grouped. A case holds the rows that were kept (a sample of many,
the earliest) and the counts of all; clues read it and nothing else.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from statistics import median

from unstale.accesslog.durations import Durations
from unstale.accesslog.result import Address, AppError, Failure, Group
from unstale.accesslog.row import Row
from unstale.diagnosis.background import Background
from unstale.diagnosis.symptom import Symptom, is_from_next_hop

STRANGE = frozenset({404, 421})
"""Statuses with which a server answers for a host that it does not know."""

IN_FLIGHT_S = 0.5
"""What began within this time of a failure may have been on its way already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What all cases of one scan share: its addresses, its failures by request, host and moment, the background.

    `used_by` names the addresses that a host's requests went to. An index spares each case a walk over everything.
    `begun_s` is when the first request to any address was logged; `first_s` knows only the minute.
    """

    addresses: Mapping[str, Address] = field(default_factory=dict)
    by_request: Mapping[str, tuple[Failure, ...]] = field(default_factory=dict)
    by_host: Mapping[str, tuple[Failure, ...]] = field(default_factory=dict)
    by_moment: tuple[tuple[float, Failure], ...] = ()
    used_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    symptoms: Mapping[int, Symptom] = field(default_factory=dict)
    first_s: float | None = None
    last_s: float | None = None
    begun_s: float | None = None
    rows: int = 0
    background: Background = field(default_factory=Background)

    def near(self, moment: float, within_s: float) -> tuple[Failure, ...]:
        """The failures of any host that were noticed near a moment."""
        begin = bisect_left(self.by_moment, moment - within_s, key=itemgetter(0))
        end = bisect_right(self.by_moment, moment + within_s, key=itemgetter(0))
        return tuple(failure for _, failure in self.by_moment[begin:end])

    def symptom(self, failure: Failure) -> Symptom:
        """The symptom of any failure of the scan."""
        return self.symptoms.get(id(failure), Symptom.UNKNOWN)

    @property
    def span_s(self) -> float:
        """Seconds that the logs cover."""
        return 0.0 if self.first_s is None or self.last_s is None else self.last_s - self.first_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`failures` are rows that were kept of `count`; `groups` are the host's counts, failing or not.

    `flag` is as Envoy writes it, several sorted and joined, `-` for none. `host` is "" where the logs do not say.
    `reached` are the addresses of a case whose requests did not fail, so that no row of it was kept.
    """

    host: str
    flag: str
    symptom: Symptom
    count: int
    failures: tuple[Failure, ...]
    apps: tuple[AppError, ...]
    groups: tuple[Group, ...]
    scene: Scene
    reached: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """The kept failing rows."""
        return tuple(failure.row for failure in self.failures)

    @property
    def addresses(self) -> tuple[str, ...]:
        """The upstream addresses that failed, in the order of the logs; those reached where nothing failed."""
        return self.reached or tuple(dict.fromkeys(row.upstream_host for row in self.rows if row.upstream_host))

    @property
    def times(self) -> tuple[float, ...]:
        """When the kept failures began, seconds since 1970, sorted."""
        return tuple(sorted(time for row in self.rows if (time := row.start_s) is not None))

    @property
    def is_opaque(self) -> bool:
        """Whether these are bare TCP or TLS connections: one row each, written when the connection ended."""
        return most(not row.method and not row.status for row in self.rows)

    @property
    def has_carried(self) -> bool:
        """Whether these are bare connections on which the server had answered: they served until they failed."""
        return self.is_opaque and most(row.bytes_sent > 0 for row in self.rows)

    @property
    def flags(self) -> frozenset[str]:
        """Its flags as a set."""
        return frozenset(self.flag.split(",")) - {"-"}

    @property
    def durations_ms(self) -> tuple[int, ...]:
        """How long the kept failures took, where their lines say so."""
        return tuple(row.duration_ms for row in self.rows if "duration_ms" not in row.absent)

    @property
    def typical_ms(self) -> float | None:
        """The median of those."""
        return median(self.durations_ms) if self.durations_ms else None

    @property
    def successes(self) -> int:
        """Requests of the host that went well."""
        return sum(group.count for group in self.groups if is_success(group))

    @property
    def success_durations(self) -> Durations:
        """How long those took."""
        return sum((group.durations for group in self.groups if is_success(group)), Durations())

    @property
    def share(self) -> float | None:
        """The share of this case in the host's requests while it lasted, by the minute; None without times."""
        own = {group.key.minute for group in self.groups if self.holds(group) and group.key.minute}
        if not own:
            return None
        first, last = min(own), max(own)
        total = sum(group.count for group in self.groups if first <= group.key.minute <= last)
        return min(1.0, self.count / total) if total else None

    @property
    def is_told_by_next_hop(self) -> bool:
        """Whether another Envoy made the answers: then this hop's connections are well, and say nothing."""
        return most(is_from_next_hop(row) for row in self.rows)

    def holds(self, group: Group) -> bool:
        """Whether a group's rows are of this case."""
        if self.symptom is Symptom.STRANGE_ANSWER:
            return group.key.status in STRANGE and not group.key.flags
        return (group.key.flags or "-") == self.flag and not is_success(group)

    def history(self) -> Mapping[str, Address]:
        """The addresses of the host, failed or not, with their histories."""
        names = dict.fromkeys((*self.addresses, *self.scene.used_by.get(self.host, ())))
        return {name: self.scene.addresses[name] for name in names if name in self.scene.addresses}


def first_use_s(addresses: Mapping[str, Address]) -> float | None:
    """When the first request to any of the addresses was logged, seconds since 1970."""
    times = [
        time
        for address in addresses.values()
        for time in (address.first_success_s, address.first_failure_s)
        if time is not None
    ]
    return min(times, default=None)


def moment_of(row: Row) -> float | None:
    """When a row's failure was noticed: at the end of the request or connection, seconds since 1970."""
    return None if row.start_s is None else row.start_s + row.duration_ms / 1000


def has_carried(row: Row) -> bool:
    """Whether it is of a bare connection on which the server had answered: it served until it failed."""
    return not row.method and not row.status and row.bytes_sent > 0


def serves_on(one: Address) -> bool:
    """Whether it served again after its first failure, by requests that were not in flight then."""
    return (one.last_success_s or 0.0) > (one.first_failure_s or 0.0) + IN_FLIGHT_S


def is_success(group: Group) -> bool:
    """Whether the group's rows went well: no flag, and no error of the server."""
    return not group.key.flags and group.key.status < 500


def most(values: Iterable[bool], *, share: float = 0.5) -> bool:
    """Whether more than `share` of them hold, and there is at least one."""
    told = tuple(values)
    return bool(told) and sum(told) > share * len(told)
