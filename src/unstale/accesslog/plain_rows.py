"""The first tier in pure Python: rows of Istio's default text that have the plain shape, counted without making Rows.

A regular expression over a line costs ten times what splitting it at its quotes does. The shape checks are those of
`formats.istio_text`, and of the compiled scanner (`scanner/`): all three must take the very same lines.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterator
from typing import Any

from unstale.accesslog.durations import bucket_of, packed
from unstale.accesslog.instant import epoch_s
from unstale.accesslog.operators import FLAGS
from unstale.accesslog.part import Sum


class Response(tuple[bytes, bytes, bytes, bool]):
    """Status, flags, details, and whether that is a failure. There is one object for each, so it is its own hash."""

    __slots__ = ()
    __hash__ = object.__hash__
    __eq__ = object.__eq__
    __ne__ = object.__ne__


RawKey = tuple[bytes, bytes, Response, bytes]
_DIGITS = bytes(48 if 48 <= each <= 57 else 1 if each == 48 else each for each in range(256))
_STAMP = b"[0000-00-00T00:00:00.000Z] "
_are_flags = re.compile(FLAGS.encode() + rb"\Z").match
_NOTHING = (b"-", b"")
_DURATIONS = 4096
_RESPONSES = 4096
_MINUTES = 4096
_PENDING = 512
_FRACTIONS = frozenset(b".%03dZ] " % each for each in range(1000))


# Address, successes, failures, first and last success, first and last failure in seconds since 1970, hosts.
RawAddress = tuple[bytes, int, int, float | None, float | None, float | None, float | None, tuple[str, ...]]


class RawTally:
    """A group of plain rows: how many, and the buckets of their durations, the last of which are still `pending`."""

    __slots__ = ("counts", "pending", "seen")

    def __init__(self) -> None:
        self.seen = 0
        self.pending = array("H")
        self.counts: dict[int, int] = {}

    def settle(self) -> None:
        """Count the pending durations."""
        counts = self.counts
        if not counts:
            self.counts = dict(Counter(self.pending))
        else:
            for bucket, count in Counter(self.pending).items():
                counts[bucket] = counts.get(bucket, 0) + count
        self.seen += len(self.pending)
        del self.pending[:]


class PlainRows:
    """Counts plain rows of blocks of whole lines.

    `groups`: (authority or SNI, cluster, (status, flags, details, is a failure), minute) as logged -> RawTally.
    `uses`: (upstream host, authority or SNI, response) -> count, first and last stamp.
    `kept`: (line, bytes, key) of failing rows.
    """

    styles = ()

    def __init__(self, kept_per_group: int, *, is_odd_only: bool = False) -> None:
        self.is_odd_only = is_odd_only
        self.kept_per_group = kept_per_group
        self.rows = 0
        self.lines = 0
        self.failed = 0
        self.groups: dict[RawKey, RawTally] = {}
        self.uses: dict[tuple[bytes, bytes, Response], list[Any]] = {}
        self.kept: list[tuple[int, bytes, RawKey]] = []
        self._minutes: dict[bytes, bytes] = {}
        self._buckets: dict[bytes, int] = {}
        # Host -> host and its last cluster: keys of the same objects are compared without looking at their bytes.
        self._named: dict[bytes, tuple[bytes, bytes]] = {}
        self._responses: dict[bytes, Response] = {}
        self._met: dict[tuple[bytes, bytes, bytes, bool], Response] = {}

    @property
    def layouts(self) -> tuple[int, ...]:
        """Rows by text format: this tier knows one."""
        return (self.rows,)

    def feed(self, block: bytes) -> list[tuple[int, bytes]]:
        """Count the lines of a block that ends with a line break or with the input; gives those for the second tier."""
        lines = block.split(b"\n")
        if lines[-1] == b"":
            lines.pop()
        odd = list(enumerate(lines, self.lines)) if self.is_odd_only else self._count(lines)
        self.lines += len(lines)
        return odd

    def _count(self, lines: list[bytes]) -> list[tuple[int, bytes]]:
        """One loop without calls for the usual line, since a call costs as much as a check."""
        odd, responses, minutes, buckets = [], self._responses, self._minutes, self._buckets
        groups, uses, named, fractions = self.groups, self.uses, self._named, _FRACTIONS
        for number, line in enumerate(lines, self.lines):
            pieces = line.split(b'"')
            if len(pieces) != 15:
                odd.append((number, line))
                continue
            head, _, said, _, sizes, _, one, _, two, _, three, host, four, address, rest = pieces
            stamp, tail = head[-27:], rest.split(b" ")
            second = stamp[:20]
            response = responses.get(said) or self._response(said)
            minute = minutes.get(second) or self._minute(second)
            counts = sizes.split(b" ")
            if (
                not (response and minute)
                or stamp[20:] not in fractions
                or not one == two == three == four == b" "
                or len(tail) != 7
                or tail[0]
                or tail.count(b"") != 1
                or tail[6] == b"\r"
                or len(counts) != 6
                or counts[0]
                or counts[5]
                or not counts[1].isdigit()
                or not counts[2].isdigit()
                or not (counts[4].isdigit() or counts[4] == b"-")
                or (len(sizes) > 23 and max(map(len, counts)) > 18)
            ):
                odd.append((number, line))
                continue
            if host in _NOTHING:
                host = tail[5]
            duration = counts[3]
            bucket = buckets.get(duration)
            if bucket is None:
                bucket = self._bucket(duration)
                if bucket is None:
                    odd.append((number, line))
                    continue
            names = named.get(host)
            if names is None or names[1] != tail[1]:
                names = named[host] = host, tail[1]
            host, cluster = names
            key = host, cluster, response, minute
            group = groups.get(key)
            if group is None:
                group = groups[key] = RawTally()
            pending = group.pending
            pending.append(bucket)
            if len(pending) > _PENDING:
                group.settle()
            use = uses.get((address, host, response))
            if use is None:
                use = uses[address, host, response] = [0, stamp, stamp]
            use[0] += 1
            if stamp > use[2]:
                use[2] = stamp
            elif stamp < use[1]:
                use[1] = stamp
            if response[3]:
                self._keep(number, line, key, group)
        self.rows += len(lines) - len(odd)
        return odd

    def _keep(self, number: int, line: bytes, key: RawKey, group: RawTally) -> None:
        self.failed += 1
        if group.seen + len(group.pending) <= self.kept_per_group:
            self.kept.append((number, line, key))

    def take_groups(self) -> Iterator[tuple[RawKey, Sum]]:
        """The groups, by their keys as logged."""
        for key, tally in self.groups.items():
            tally.settle()
            yield key, (tally.seen, (packed(tally.counts),))

    def take_addresses(self) -> Iterator[RawAddress]:
        """The addresses as the compiled scanner gives them, one for each host that was asked of them."""
        for (address, host, response), (count, first, last) in self.uses.items():
            if address not in _NOTHING:
                first_s, last_s = epoch_s(first[1:25].decode()), epoch_s(last[1:25].decode())
                hosts = () if host in _NOTHING else (host.decode("utf-8", "replace"),)
                if response[3]:
                    yield address, 0, count, None, None, first_s, last_s, hosts
                else:
                    yield address, count, 0, first_s, last_s, None, None, hosts

    def take_kept(self) -> list[tuple[int, bytes, RawKey]]:
        """The failing rows kept since the last call."""
        kept, self.kept = self.kept, []
        return kept

    def _bucket(self, duration: bytes) -> int | None:
        """The bucket of a duration as logged, None where it is none; of the usual ones asked for once."""
        if not duration.isdigit():
            return None
        bucket = bucket_of(int(duration))
        if len(self._buckets) < _DURATIONS:
            self._buckets[duration] = bucket
        return bucket

    def _minute(self, stamp: bytes) -> bytes:
        """The minute of a stamp without its fraction, b"" where it is not in the calendar; asked once a second."""
        minute = stamp[1:17]
        if stamp.translate(_DIGITS) != _STAMP[:20] or stamp[18:20] > b"60":
            return b""
        if epoch_s(f"{minute.decode()}:00Z") is None:
            return b""
        if len(self._minutes) > _MINUTES:
            self._minutes.clear()
        self._minutes[stamp] = minute
        return minute

    def _response(self, piece: bytes) -> Response | None:
        """Status, flags, details and whether that is a failure, of the piece between request and reason."""
        parts = piece.split(b" ")
        found = None
        if len(parts) == 6 and not parts[0] and not parts[5] and all(parts[1:5]):
            status, flags, details = parts[1:4]
            if len(status) <= 3 and status.isdigit() and _are_flags(flags):
                values = status, flags, details, int(status) >= 500 or flags != b"-"
                found = self._met.setdefault(values, Response(values))
        if found and len(self._responses) < _RESPONSES:
            self._responses[piece] = found
        return found
