"""What a scan of logs hands on: counts for everything, whole rows only for what failed.

The size of a Scan grows with the number of groups, addresses and kept failures, never with the number of lines. Scans
of parts of the same logs add up to the scan of the whole (see `addition`), whichever machine read which part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from unstale.accesslog.durations import Durations
from unstale.accesslog.row import Row


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """Where a line was read: the input's name and the number of the physical line, counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """How the physical lines were taken: `rows + bad == total`, always.

    `ambiguous` is part of `rows`: lines of an access log that a client has made readable in two ways. They are in no
    group and no failure. `bad` is every line that is no row of its own; of these `application` are log lines of an
    application with an error that concerns connections, and `continued` belong to a row or error that was spread over
    several lines (pretty-printed JSON, wrapped text). What is left could not be read: `unread`.
    """

    total: int = 0
    rows: int = 0
    bad: int = 0
    ambiguous: int = 0
    application: int = 0
    continued: int = 0

    @property
    def unread(self) -> int:
        """Lines that nothing could be made of."""
        return self.bad - self.application - self.continued


class GroupKey(NamedTuple):
    """What is counted together. `flags` is sorted and joined by commas, "" for none; `minute` is `2024-09-25T09:59`.

    A tuple, because there are tens of thousands of them, which are compared, sorted and hashed. `host` is the
    authority, or for bare TCP the SNI or the cluster's host. `cluster` is as logged. `minute` is "" where
    the lines have no time.
    """

    host: str
    cluster: str
    flags: str
    details: str
    status: int
    minute: str


@dataclass(slots=True)
class Group:
    """All rows of one key: how many, and how long they took.

    Not to be changed; not frozen only because tens of thousands of frozen objects take three times as long to make.
    """

    key: GroupKey
    count: int
    durations: Durations


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousUse:
    """What an upstream connection (upstream local address to upstream host) did before the request that failed on it.

    `idle_s` is from the end of its previous request (start + duration) to the start of the failing one, never below 0;
    `served` the requests before; `age_s` the time since its first request in these logs, so a lower bound.
    """

    idle_s: float
    served: int
    age_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One upstream address over the whole of the logs. Times are seconds since 1970, None where it never happened.

    A success is a row without flags and with a status below 500. `users` are the hosts that were asked of it (at most
    8, sorted); who else used an address tells a dead address from a dead name.
    """

    address: str
    successes: int = 0
    failures: int = 0
    first_success_s: float | None = None
    last_success_s: float | None = None
    first_failure_s: float | None = None
    last_failure_s: float | None = None
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One failing row (`row.is_failure`), where it stood, and the history of its upstream connection.

    `previous` is None where no earlier request on that connection is in the logs: it was fresh, or older than they are.
    `is_traced` is False where that could not be looked for: the row does not name its connection, or tracing was off.
    `is_history_whole` is False for a stream, of which only the last megabytes can be looked at again.
    """

    row: Row
    place: Place
    previous: PreviousUse | None = None
    is_traced: bool = False
    is_history_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AppError:
    """An error in an application's own log that concerns a connection.

    `kind` is `envoy-body` (the text Envoy answers with stands in the line; `reason` is its reset reason, e.g.
    `connection_termination`, and `transport_failure` what follows it), or `exception` (a client library's; `name` is
    the exception or error code, `language` whose). `status` is 0 and `time`, `host`, `address` are "" where the line
    does not say. `is_from_envoy` is True where the line itself shows that Envoy answered (its header, or the body).
    """

    place: Place
    kind: str
    line: str
    reason: str = ""
    name: str = ""
    language: str = ""
    status: int = 0
    time: str = ""
    host: str = ""
    address: str = ""
    transport_failure: str = ""
    content_length: int | None = None
    is_from_envoy: bool = False
    is_retried: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One file or stream: what its lines were taken for (format name -> lines), and its size."""

    name: str
    lines: Lines
    formats: Mapping[str, int]
    size_bytes: int
    first_unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The whole result. `formats` maps a format's name to the lines read by it, application formats included.

    `failures` holds at most Options.kept_per_group rows a group and Options.kept in all, the earliest of each group in
    the order of the inputs; `failed` counts all of them, and so do the groups.
    """

    lines: Lines
    formats: Mapping[str, int]
    groups: tuple[Group, ...]
    failures: tuple[Failure, ...]
    failed: int
    addresses: Mapping[str, Address] = field(default_factory=dict)
    app_errors: tuple[AppError, ...] = ()
    app_failed: int = 0
    inputs: tuple[Input, ...] = ()
    first_s: float | None = None
    last_s: float | None = None

    @property
    def server_errors(self) -> int:
        """Rows with a status of 500 or above."""
        return sum(group.count for group in self.groups if group.key.status >= 500)

    @property
    def digest(self) -> str:
        """16 hex digits that are equal for equal counts of all groups, in whatever order they were read."""
        texts = [
            f"{host or '-'}\t{cluster or '-'}\t{flags or '-'}\t{details or '-'}\t{status}\t{minute}\t{group.count}"
            for group in self.groups
            for host, cluster, flags, details, status, minute in (group.key,)
        ]
        texts.sort()
        return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a scan is: bytes of `total_bytes` (None for a stream), and what it has found so far."""

    done_bytes: int
    total_bytes: int | None
    lines: int
    rows: int
    failed: int
