"""Did several addresses, connections or hosts begin to fail together, or one after another?

Several that die in the same second have one thing in common, and it is not a server.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from unstale.accesslog.result import Address
from unstale.diagnosis.case import Case, moment_of
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.clues.history import TOGETHER_S, in_turn, is_lost, was_in_use
from unstale.diagnosis.symptom import OUTAGES, UPSTREAM
from unstale.diagnosis.words import duration, listed, plural

_MOMENT_S = 0.3
_ENOUGH = 3
_TWICE = 2


def _see(case: Case) -> Iterator[Sighting]:
    if case.symptom not in UPSTREAM or case.is_told_by_next_hop:
        return
    history = case.history()
    failed = [history[name] for name in case.addresses if name in history]
    if failed:
        yield from _together(case, failed)


def _together(case: Case, failed: list[Address]) -> Iterator[Sighting]:
    begun = sorted(one.first_failure_s for one in failed if one.successes and one.first_failure_s is not None)
    if len(begun) >= 2 and begun[-1] - begun[0] <= TOGETHER_S:
        words = f"{plural(len(begun), 'address')} began to fail within {duration(1000 * (begun[-1] - begun[0]))}"
        yield Sighting(clue=Clue.ALL_AT_ONCE, words=words)
    elif _ended_together(failed):
        words = f"{plural(len(begun), 'address')} answered for the last time within {duration(1000 * TOGETHER_S)}"
        yield Sighting(clue=Clue.ALL_AT_ONCE, words=words)
    elif len(begun) >= 2 and in_turn(case, [one for one in failed if one.successes]):
        took = duration(1000 * (begun[-1] - begun[0]))
        words = f"{plural(len(begun), 'address')} in use began to fail one after another, over {took}"
        yield Sighting(clue=Clue.ONE_AFTER_ANOTHER, words=words)
    ends = sorted(time for row in case.rows if (time := moment_of(row)) is not None)
    if case.is_opaque and case.symptom not in OUTAGES and len(ends) >= _ENOUGH and _are_together(ends):
        words = f"{plural(len(ends), 'connection')} of different age were cut in the same moments"
        yield Sighting(clue=Clue.CUT_TOGETHER, words=words)
    hosts = _other_hosts(case)
    if hosts:
        words = f"{listed(sorted(hosts))} began to fail in the same way at the same time"
        yield Sighting(clue=Clue.OTHER_HOSTS_TOO, words=words)


def _ended_together(failed: list[Address]) -> bool:
    """Whether addresses in use, all lost, answered last in one moment: a row names the last of several tries alone."""
    lost = [one for one in failed if one.successes]
    ends = [one.last_success_s for one in lost if one.last_success_s is not None and is_lost(one) and was_in_use(one)]
    return len(ends) == len(lost) >= _TWICE and max(ends) - min(ends) <= TOGETHER_S


def _other_hosts(case: Case) -> set[str]:
    """Hosts with other addresses whose failures of the same kind began together with these."""
    moments = [time for row in case.rows if (time := moment_of(row)) is not None]
    if not moments:
        return set()
    start = min(moments)
    found = set()
    for failure in case.scene.near(start, TOGETHER_S):
        row = failure.row
        if row.host in ("", case.host) or row.upstream_host in case.addresses or not row.upstream_host:
            continue
        if case.scene.symptom(failure) is case.symptom:
            found.add(row.host)
    return found


def _are_together(ends: list[float]) -> bool:
    """Whether most lie within a moment of another: three connections do not end together by chance."""
    near = sum(later - earlier <= _MOMENT_S for earlier, later in pairwise(ends))
    return near >= 0.6 * (len(ends) - 1)


SEE = _see
