"""Parts put together into one Scan. Sums only: the order of the parts matters for line numbers and for nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

from unstale.accesslog.durations import Durations
from unstale.accesslog.instant import epoch_s
from unstale.accesslog.options import Options
from unstale.accesslog.part import USERS, AddressTally, Part, Sum, added
from unstale.accesslog.result import Address, AppError, Failure, Group, GroupKey, Input, Lines, Place, Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The parts of one input, in the order in which they stand in it."""

    name: str
    parts: tuple[Part, ...]


def add_up(inputs: Sequence[Counted], sums: Sequence[Part], options: Options) -> Scan:
    """The scan of all inputs together; `sums` are the groups and addresses that are not in any input's parts.

    No failure but those of streams has its connection traced yet.
    """
    parts = [part for counted in inputs for part in counted.parts]
    groups = _groups([*parts, *sums])
    minutes = [seconds for minute in {key[5] for key in groups} if (seconds := epoch_s(f"{minute}:00Z")) is not None]
    return Scan(
        lines=_lines(parts),
        formats=_formats(parts),
        groups=_sorted(groups),
        failures=_failures(inputs, options),
        failed=sum(part.failed for part in parts),
        addresses=_addresses([*parts, *sums]),
        app_errors=tuple(_app_errors(inputs)),
        app_failed=sum(part.app_failed for part in parts),
        inputs=tuple(_input(counted) for counted in inputs),
        first_s=min(minutes, default=None),
        last_s=max(minutes) + 60 if minutes else None,
    )


def _lines(parts: Sequence[Part]) -> Lines:
    return Lines(
        total=sum(part.total for part in parts),
        rows=sum(part.rows for part in parts),
        bad=sum(part.bad for part in parts),
        ambiguous=sum(part.ambiguous for part in parts),
        application=sum(part.application for part in parts),
        continued=sum(part.continued for part in parts),
    )


def _formats(parts: Iterable[Part]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for part in parts:
        for name, count in part.formats.items():
            counts[name] = counts.get(name, 0) + count
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _groups(parts: Iterable[Part]) -> dict[GroupKey, Sum]:
    groups: dict[GroupKey, Sum] = {}
    for part in sorted(parts, key=lambda part: -len(part.groups)):
        if not groups:
            groups = dict(part.groups)
            continue
        for key, more in part.groups.items():
            groups[key] = added(groups.get(key), more)
    return groups


def _sorted(groups: dict[GroupKey, Sum]) -> tuple[Group, ...]:
    return tuple([Group(key, count, Durations(parts)) for key, (count, parts) in sorted(groups.items(), key=_first)])


_first = itemgetter(0)


def _failures(inputs: Sequence[Counted], options: Options) -> tuple[Failure, ...]:
    """The earliest of each group, by the order of inputs and lines."""
    found: list[Failure] = []
    taken: dict[GroupKey, int] = {}
    for counted in inputs:
        before = 1
        for part in counted.parts:
            for kept in part.kept:
                count = taken.get(kept.key, 0)
                if count < options.kept_per_group and len(found) < options.kept:
                    taken[kept.key] = count + 1
                    found.append(
                        Failure(
                            row=kept.row,
                            place=Place(file=counted.name, line=before + kept.line),
                            previous=kept.previous,
                            is_traced=kept.is_traced,
                            is_history_whole=not kept.is_traced,
                        )
                    )
            before += part.total
    return tuple(found)


def _addresses(parts: Iterable[Part]) -> dict[str, Address]:
    found: dict[str, AddressTally] = {}
    for part in parts:
        for name, tally in part.addresses.items():
            own = found.get(name)
            if own is None:
                found[name] = tally
            else:
                own.merge(tally)
    return {name: _address(name, found[name]) for name in sorted(found)}


def _address(name: str, tally: AddressTally) -> Address:
    return Address(
        address=name,
        successes=tally.successes,
        failures=tally.failures,
        first_success_s=tally.first_success_s,
        last_success_s=tally.last_success_s,
        first_failure_s=tally.first_failure_s,
        last_failure_s=tally.last_failure_s,
        users=tuple(sorted(tally.users)[:USERS]),
    )


def _app_errors(inputs: Sequence[Counted]) -> Iterable[AppError]:
    for counted in inputs:
        before = 1
        for part in counted.parts:
            for error in part.app_errors:
                yield replace(error, place=Place(file=counted.name, line=before + error.place.line))
            before += part.total


def _input(counted: Counted) -> Input:
    unread = [line for part in counted.parts for line in part.first_unread]
    return Input(
        name=counted.name,
        lines=_lines(counted.parts),
        formats=_formats(counted.parts),
        size_bytes=sum(part.size_bytes for part in counted.parts),
        first_unread=tuple(unread[:3]),
    )
