"""Was the upstream connection fresh or used before, and how long had it lain idle when the request failed on it?

A race with the server's idle time-out needs a connection that was used before and then lay idle; the idle times before
such failures sit just above one value. A first request on a fresh connection cannot lose that race.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from unstale.accesslog.result import Failure
from unstale.diagnosis.case import Case, moment_of, most
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.words import duration, part

IDLE_S = 0.8
"""No server closes a kept connection after less: the shortest default is 2 s (gunicorn), then 5 s (Node, Apache)."""

LONG_IDLE_S = 180.0
"""Servers' own limits are mostly below (60, 75, 120 s); firewalls and NAT forget from 180 s on (AWS 350, Azure 240)."""

_ONE_VALUE = 0.12
_ONE_AGE = 0.15
_ENOUGH = 4
_VOLLEY = 3
_TOGETHER_S = 0.15
_RETRIED_MS = 500
_LOOK_BACK_S = 5.0
_HANGS = frozenset({Symptom.TIMEOUT, Symptom.CLIENT_LEFT})
_CONCERNED = frozenset({Symptom.TERMINATION, Symptom.REMOTE_RESET, Symptom.TIMEOUT, Symptom.CLIENT_LEFT})


def _see(case: Case) -> Iterator[Sighting]:
    if case.symptom not in _CONCERNED or case.is_told_by_next_hop or case.is_opaque:
        return
    is_hang = case.symptom in _HANGS
    traced = [failure for failure in case.failures if failure.is_traced and not _is_last_of_many(failure)]
    gaps = sorted(failure.previous.idle_s for failure in traced if failure.previous is not None)
    fresh = [failure for failure in traced if failure.previous is None and failure.is_history_whole]
    begun = case.scene.begun_s
    late = [one for one in fresh if begun is not None and (one.row.start_s or 0.0) - begun >= _LOOK_BACK_S]
    if most([True] * len(late) + [False] * len(gaps)):
        words = f"{part(len(late), len(traced))} failed as the first request on a fresh connection"
        yield Sighting(clue=Clue.HUNG_WHEN_FRESH if is_hang else Clue.FRESH_CONNECTION, words=words)
    if not gaps or not most([True] * len(gaps) + [False] * max(len(late), len(fresh) // 2)):
        return
    if is_hang:
        yield from _hung(gaps, len(traced))
    else:
        yield from _aged(traced)
        yield from _volleys(traced, _span_s(case))
        yield from _reused(gaps, len(traced))


def _volleys(traced: Sequence[Failure], span_s: float) -> Iterator[Sighting]:
    """Connections that break together although they had been idle for quite different times, or were all busy.

    Idle time-outs strike each connection by itself, a server's crashes each request of its own; what cuts many at once,
    or busy ones to several addresses, is on the way. A volley must be larger than what meets by chance where failures
    are frequent.
    """
    broken = [
        (moment_of(one.row) or 0.0, one.previous.idle_s, one.row.upstream_host)
        for one in traced
        if one.previous is not None
    ]
    together = 0
    for volley in _moments(sorted(time for time, _, _ in broken)):
        hit = [(gap, address) for time, gap, address in broken if volley[0] <= time <= volley[-1]]
        gaps = [gap for gap, _ in hit]
        by_chance = len(broken) / span_s * (volley[-1] - volley[0] + _TOGETHER_S)
        is_varied = max(gaps) > 1.5 * min(gaps) + 0.05
        is_varied |= max(gaps) < IDLE_S and len({address for _, address in hit}) >= _VOLLEY
        if len(volley) >= _VOLLEY and len(volley) > 3 * by_chance + 1 and is_varied:
            together += len(volley)
    if together >= _VOLLEY and together > len(broken) / 2:
        words = f"{part(together, len(broken))} connections broke in the same moments, whatever they had done before"
        yield Sighting(clue=Clue.CUT_TOGETHER, words=words)


def _moments(times: Sequence[float]) -> list[list[float]]:
    """Sorted times, in groups that follow each other closely."""
    groups: list[list[float]] = []
    for time in times:
        if groups and time - groups[-1][-1] <= _TOGETHER_S:
            groups[-1].append(time)
        else:
            groups.append([time])
    return groups


def _hung(gaps: list[float], traced: int) -> Iterator[Sighting]:
    """A server that hangs does not care how long a connection was idle; who forgets idle connections does."""
    words = f"{part(len(gaps), traced)} hung on a connection that had served before, idle for {_span(gaps)}"
    yield Sighting(clue=Clue.REUSED_CONNECTION, words=words)
    if min(gaps) >= LONG_IDLE_S:
        words = f"idle for {duration(1000 * min(gaps))} and more, longer than firewalls and NAT remember a connection"
        yield Sighting(clue=Clue.LONG_IDLE, words=words)
    elif gaps[len(gaps) // 4] >= IDLE_S:
        words = f"what hung had been idle for {_span(gaps)}: a server does not mind, who forgets connections does"
        yield Sighting(clue=Clue.HUNG_AFTER_IDLE, words=words)


def _is_last_of_many(failure: Failure) -> bool:
    """A row that was retried for a while names the last try's connection but the first try's time."""
    return "URX" in failure.row.flags and failure.row.duration_ms > _RETRIED_MS


def _aged(traced: Sequence[Failure]) -> Iterator[Sighting]:
    """Connections that all broke at one age, but not all at one time: the other side counts their age or requests.

    The age counts from the first request that the logs hold, so a connection that is older than they are spoils it.
    """
    broken = [(one.row.start_s or 0.0, one.previous) for one in traced if one.previous is not None]
    times = sorted(time for time, _ in broken)
    moments = len(_moments(times))
    if moments < 2:
        return
    ages = sorted(previous.age_s for _, previous in broken)
    served = sorted(previous.served for _, previous in broken)
    low, middle, high = ages[len(ages) // 5], median(ages), ages[-1 - len(ages) // 5]
    lasted = times[-1] - times[0]
    if middle >= IDLE_S and high - low <= _ONE_AGE * middle and lasted >= 2 * (high - low) + 1.0:
        words = (
            f"they broke {duration(1000 * low)} to {duration(1000 * high)} after their first request, whenever that was"
        )
        yield Sighting(clue=Clue.AGES_AT_ONE_VALUE if moments >= _ENOUGH else Clue.AGES_ALIKE, words=words)
    elif moments >= _ENOUGH and served[0] == served[-1] >= 10:
        words = f"they broke after exactly {served[0]} requests each: the other side counts them"
        yield Sighting(clue=Clue.AGES_AT_ONE_VALUE, words=words)


def _reused(gaps: list[float], traced: int) -> Iterator[Sighting]:
    middle = median(gaps)
    words = f"{part(len(gaps), traced)} failed on a connection that had served before, idle for {_span(gaps)}"
    yield Sighting(clue=Clue.REUSED_CONNECTION, words=words)
    if middle < IDLE_S:
        words = f"its previous request had ended only {duration(1000 * middle)} before: no idle time-out is that short"
        yield Sighting(clue=Clue.REUSED_WHILE_BUSY, words=words)
        return
    yield Sighting(clue=Clue.REUSED_AFTER_IDLE, words=f"the connections had been idle for {_span(gaps)}")
    if len(gaps) >= 3 and _sits_at_one_value(gaps):
        words = f"the idle times sit at one value, {duration(1000 * middle)}: a time-out of the other side"
        yield Sighting(clue=Clue.GAPS_AT_ONE_VALUE, words=words)
    if min(gaps) >= LONG_IDLE_S:
        words = f"idle for {duration(1000 * min(gaps))} and more, longer than firewalls and NAT remember a connection"
        yield Sighting(clue=Clue.LONG_IDLE, words=words)
    elif max(gaps) < LONG_IDLE_S:
        words = f"never idle for more than {duration(1000 * max(gaps))}, which firewalls and NAT remember"
        yield Sighting(clue=Clue.NEVER_LONG_IDLE, words=words)


def _span_s(case: Case) -> float:
    """Seconds of the log around the failures, one at least."""
    begun, ends = case.scene.begun_s, [moment_of(row) or 0.0 for row in case.rows]
    return max(1.0, max(ends) - (begun if begun is not None else min(ends)))


def _sits_at_one_value(gaps: list[float]) -> bool:
    """Most gaps within an eighth above the smaller ones: requests come when they come, the limit does not move."""
    low = gaps[len(gaps) // 10]
    return sum(low <= gap <= low * (1 + _ONE_VALUE) + 0.3 for gap in gaps) >= 0.6 * len(gaps)


def _span(gaps: list[float]) -> str:
    low, high = duration(1000 * gaps[0]), duration(1000 * gaps[-1])
    return low if low == high else f"{low} to {high}"


SEE = _see
