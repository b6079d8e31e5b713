"""The scan of parts of logs: plain rows by the first tier, whatever is odd by the second.

One scanner reads many parts. What is counted by line belongs to the part; groups and addresses are summed over all the
parts that the scanner reads, since the same ones are met in each.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from unstale.accesslog.catalogue import catalogue
from unstale.accesslog.compiled import compiled
from unstale.accesslog.deferred import deferred_row
from unstale.accesslog.json_keys import role_of
from unstale.accesslog.line_reader import LineReader
from unstale.accesslog.options import Options
from unstale.accesslog.part import AddressTally, Kept, Part, added, named_host
from unstale.accesslog.plain_rows import PlainRows
from unstale.accesslog.reading import Doubt, flags_of, number, plain
from unstale.accesslog.result import GroupKey, Place
from unstale.accesslog.row import Row
from unstale.accesslog.triggers import has_trigger, triggers

UNREAD = 3
APP_ERRORS = 2_000
# The text formats that the compiled scanner knows, in the order of its table.
LAYOUTS = (
    "Istio text",
    "Envoy default text",
    "Istio text, 1.3 to 1.8",
    "Istio text, 1.3 to 1.8 without route",
    "Istio text, 1.1 and 1.2",
    "Istio text, 1.9.0",
    "Istio text, 1.0",
)
# The fields that the compiled scanner has a use for, by the number that it knows them by.
ROLES = (
    "",
    "time",
    "status",
    "flags",
    "details",
    "duration_ms",
    "authority",
    "upstream_host",
    "cluster",
    "requested_server_name",
    "grpc_status",
)
_NO_STYLE = 8


class PartScan:
    """Takes the blocks of one part after the other: `begin`, `feed` ..., `finish`; at the end `sums`."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._reader = LineReader(options.formats)
        self._sums = Part()
        self._part = Part()
        self._before: tuple[Any, ...] = (0, 0, 0, (), ())
        self._keys: dict[Any, GroupKey] = {}
        self._known: list[tuple[str, str, int]] = []
        extension = compiled(options.is_pure)
        self._first: Any = (
            PlainRows(options.kept_per_group, is_odd_only=bool(options.formats))
            if extension is None
            else extension.Rows(
                options.kept_per_group, options.kept, triggers(), bool(options.formats), UNREAD, key_code
            )
        )

    def begin(self) -> None:
        """Start a part."""
        self._part = Part(tallies=self._sums.tallies, addresses=self._sums.addresses)
        self._before = self._counters()

    def feed(self, block: memoryview | bytes) -> None:
        """Count a block of whole lines."""
        self._part.size_bytes += len(block)
        before = self._before[0]
        if isinstance(self._first, PlainRows):
            for number_, line in self._first.feed(bytes(block)):
                self._odd(number_ - before, line)
        else:
            for number_, line in self._first.feed(block):
                self._odd(number_ - before, line)

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Bytes, lines, rows and failures of the part so far."""
        first, (lines, rows, failed, *_), part = self._first, self._before, self._part
        return part.size_bytes, first.lines - lines, part.rows + first.rows - rows, part.failed + first.failed - failed

    def kept_rows(self) -> list[Kept]:
        """The failing rows of the part kept so far; new ones are put behind those of an earlier call."""
        kept = self._part.kept
        for line, content, group in self._first.take_kept():
            if len(kept) < self._options.kept:
                row = deferred_row(content, self._reader)
                kept.append(Kept(line=line - self._before[0], row=row, key=self._key(group)))
        return kept

    def _key(self, group: Any) -> GroupKey:
        """The key of a group that the first tier names by number or as logged."""
        key = self._keys.get(group)
        if key is None:
            if isinstance(self._first, PlainRows):
                raw_host, raw_cluster, (status_, flags_, details_, _), raw_minute = group
                texts = (raw_host, raw_cluster, flags_, details_, status_, raw_minute)
                key = key_of(*(each.decode("utf-8", "replace") for each in texts))
            else:
                try:
                    key = self._first.key(group, self._known, GroupKey)
                except IndexError:
                    key = self._first.key(group, self._responses(), GroupKey)
                key = key._replace(host=named_host(key.host, key.cluster))
            self._keys[group] = key
        return key

    def _responses(self) -> list[tuple[str, str, int]]:
        """What the compiled scanner's responses mean, in the order of their numbers."""
        met = self._first.responses()
        self._known += [_response(*each) for each in met[len(self._known) :]]
        return self._known

    def finish(self) -> Part:
        """End the part: its lines and failing rows, without groups and addresses."""
        part = self._part
        _, part.total, part.rows, part.failed = self.counts
        _, _, _, layouts, styles = self._before
        self._name(LAYOUTS, self._first.layouts, layouts)
        self._name([*(each.name for each in catalogue().json), *_none(), "JSON"], self._first.styles, styles)
        self.kept_rows().sort(key=lambda kept: kept.line)
        part.bad = part.total - part.rows
        part.tallies, part.addresses = {}, {}
        return part

    def absorb(self, other: PartScan) -> None:
        """Take the groups and addresses of another scanner where that is quicker than adding sums."""
        if not isinstance(self._first, PlainRows):
            self._first.absorb(other._first)

    def sums(self) -> Part:
        """Groups and addresses over all parts; the scanner is not to be used after."""
        sums = self._sums
        if isinstance(self._first, PlainRows):
            for raw, more in self._first.take_groups():
                key = self._key(raw)
                sums.groups[key] = added(sums.groups.get(key), more)
        else:
            met = self._responses()
            ranks = {response: rank for rank, response in enumerate(sorted(set(met)))}
            sums.groups, others = self._first.take_groups(met, [ranks[response] for response in met], GroupKey)
            for raw, more in others:
                key = raw._replace(host=named_host(raw.host, raw.cluster))
                sums.groups[key] = added(sums.groups.get(key), more)
        sums.settle()
        self._take_addresses()
        return sums

    def _take_addresses(self) -> None:
        for raw, successes, failures, *times, users in self._first.take_addresses():
            tally = AddressTally(
                successes=successes,
                failures=failures,
                first_success_s=times[0],
                last_success_s=times[1],
                first_failure_s=times[2],
                last_failure_s=times[3],
                users=set(users),
            )
            self._sums.addresses.setdefault(raw.decode("utf-8", "replace"), AddressTally()).merge(tally)

    def _counters(self) -> tuple[Any, ...]:
        first = self._first
        return first.lines, first.rows, first.failed, first.layouts, first.styles

    def _name(self, names: Iterable[str], now: Iterable[int], before: Iterable[int]) -> None:
        for name, count, less in zip(names, now, before, strict=False):
            if count > less:
                self._part.formats[name] = self._part.formats.get(name, 0) + count - less

    def _odd(self, line: int, content: bytes) -> None:
        """The second tier: one line that is not of the plain shape."""
        part = self._part
        if not self._options.formats and not has_trigger(content):
            self._unread(content)
            return
        text = content.decode("utf-8", "replace").removesuffix("\r")
        reading = self._reader.row(text)
        if isinstance(reading, Row):
            part.add_row(reading, line, self._options.kept_per_group)
        elif isinstance(reading, Doubt):
            part.rows += 1
            part.ambiguous += 1
        elif (found := self._reader.error(text, Place(file="", line=line))) is not None:
            error, name = found
            part.application += 1
            part.app_failed += 1
            part.formats[name] = part.formats.get(name, 0) + 1
            if len(part.app_errors) < APP_ERRORS:
                part.app_errors.append(replace(error, line=text[:4096]))
        else:
            self._unread(content)

    def _unread(self, line: bytes) -> None:
        if len(self._part.first_unread) < UNREAD and line.strip():
            self._part.first_unread.append(line[:200].decode("utf-8", "replace"))


def key_code(key: bytes) -> int:
    """What the compiled scanner is told of a JSON key: its field, and in the next byte the style that it marks."""
    text = key.decode("utf-8", "replace")
    role = role_of(text)
    styles = catalogue().json
    style = next((at for at, known in enumerate(styles) if known.mark.search(text)), _NO_STYLE)
    return (ROLES.index(role) if role in ROLES else 0) | style << 8


def key_of(host: str, cluster: str, flags: str, details: str, status: str, minute: str) -> GroupKey:
    """The key of a group of text lines, from its fields as logged."""
    named = plain(cluster)
    response = ",".join(sorted(flags_of(flags))), plain(details), number(status) or 0
    return GroupKey(named_host(plain(host), named), named, *response, minute)


def _none() -> Iterable[str]:
    return ("JSON",) * (_NO_STYLE - len(catalogue().json))


def _response(response: bytes, status_size: int, flags_size: int) -> tuple[str, str, int]:
    """Flags, details and status of a response as logged. A format without details has none behind the flags."""
    flags = response[status_size + 1 : status_size + 1 + flags_size].decode("utf-8", "replace")
    details = response[status_size + flags_size + 2 :].decode("utf-8", "replace")
    status = response[:status_size].decode()
    return ",".join(sorted(flags_of(flags))), plain(details), number(status) or 0
