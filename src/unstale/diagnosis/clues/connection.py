"""Was the upstream connection fresh or used before, and how long had it lain idle when the request failed on it?

A race with the server's idle time-out needs a connection that was used before and then lay idle; the idle times before
such failures sit just above one value. A first request on a fresh connection cannot lose that race.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from unstale.accesslog.result import Failure, PreviousUse
from unstale.diagnosis.case import Case, moment_of, most, serves_on
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.words import duration, part

IDLE_S = 0.8
"""No server closes a kept connection after less: the shortest default is 2 s (gunicorn), then 5 s (Node, Apache)."""

LONG_IDLE_S = 180.0
"""Servers' own limits are mostly below (60, 75, 120 s); firewalls and NAT forget from 180 s on (AWS 350, Azure 240)."""

_ONE_VALUE = 0.12
_CLOCK_S, _CLOCK_SHARE = 0.01, 0.005
_OLDER = 1.5
_SELDOM = 20
_FEW = 0.3
_ENOUGH = 4
_VOLLEY = 3
_TOGETHER_S = 0.15
_MOMENT_S, _RARE = 0.05, 0.1
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
    # Who forgets connections lets no new one be made, or lets it work: one that is made and hangs is the server's.
    hangs_anyway = is_hang and len(late) >= _VOLLEY and len(late) * 4 >= len(traced)
    if hangs_anyway or most([True] * len(late) + [False] * len(gaps)):
        words = f"{part(len(late), len(traced))} failed as the first request on a fresh connection"
        yield Sighting(clue=Clue.HUNG_WHEN_FRESH if is_hang else Clue.FRESH_CONNECTION, words=words)
    if not gaps or not most([True] * len(gaps) + [False] * max(len(late), len(fresh) // 2)):
        return
    if hangs_anyway:
        return
    if is_hang:
        yield from _hung(gaps, len(traced))
    else:
        aged = tuple(_aged(case, traced))
        yield from aged or _volleys(case, traced)
        yield from _reused(gaps, len(traced))


def _volleys(case: Case, traced: Sequence[Failure]) -> Iterator[Sighting]:
    """Connections that break together although they had been idle for quite different times, or were all busy.

    Idle time-outs strike each connection by itself, a server's crashes each request of its own. What cuts many at once
    is on the way, and comes again; or it is their server that ended, and then those of one address break, once.
    """
    volleys = _volleys_of(case, traced)
    together = sum(map(len, volleys))
    if together < _VOLLEY or together * 2 <= len(traced):
        yield from _coincidence(case, traced)
        return
    struck = [address for volley in volleys for address in {one.row.upstream_host for one in volley}]
    is_alone = len(struck) == len(volleys) == len(set(struck))
    if is_alone and _stands_among_others(case, struck):
        words = (
            f"{part(together, len(traced))} broke in the same moment as the others to their address, which serves "
            "again, and none to another: a server that ended"
        )
        yield Sighting(clue=Clue.ENDED_ALONE, words=words)
    elif not is_alone or len(volleys) > 1 or any(map(_is_varied, volleys)):
        words = f"{part(together, len(traced))} connections broke in the same moments, whatever they had done before"
        yield Sighting(clue=Clue.CUT_TOGETHER, words=words)


def _coincidence(case: Case, traced: Sequence[Failure]) -> Iterator[Sighting]:
    """Connections to different addresses that broke in one moment, where so few broke that none should by chance."""
    broken = sorted((moment_of(one.row) or 0.0, one.row.upstream_host) for one in traced if one.previous is not None)
    by_chance = len(broken) * (len(broken) - 1) * _MOMENT_S / _span_s(case)
    near = [(one, two) for one, two in pairwise(broken) if two[0] - one[0] <= _MOMENT_S and one[1] != two[1]]
    if near and by_chance <= _RARE and not breaks_at_one_value(case):
        (first, address), (second, other) = near[0]
        words = (
            f"{len(broken)} connections broke in {duration(1000 * _span_s(case))}, and yet those to {address} and "
            f"{other} within {duration(1000 * (second - first))}: what they have in common broke them"
        )
        yield Sighting(clue=Clue.SEVERAL_AT_ONCE, words=words)


def _stands_among_others(case: Case, struck: Sequence[str]) -> bool:
    """Whether the host has other addresses too, and those that were struck serve on."""
    known = [one for name in struck if (one := case.scene.addresses.get(name)) is not None]
    return len(case.history()) > len(struck) and bool(known) and all(map(serves_on, known))


def _volleys_of(case: Case, traced: Sequence[Failure]) -> list[list[Failure]]:
    """Failures on used connections by moment, where more broke than meet by chance when failures are frequent."""
    broken = [one for one in traced if one.previous is not None]
    by_moment = sorted(((moment_of(one.row) or 0.0, place) for place, one in enumerate(broken)))
    volleys: list[list[Failure]] = []
    place = 0
    for moments in _moments([moment for moment, _ in by_moment]):
        volley = [broken[which] for _, which in by_moment[place : place + len(moments)]]
        place += len(moments)
        by_chance = len(broken) / _span_s(case) * (moments[-1] - moments[0] + _TOGETHER_S)
        is_large = len(volley) >= _VOLLEY and len(volley) > 3 * by_chance + 1
        if is_large and (_is_varied(volley) or max(_gaps(volley)) < IDLE_S):
            volleys.append(volley)
    return volleys


def _is_varied(volley: Sequence[Failure]) -> bool:
    gaps = _gaps(volley)
    return max(gaps) > 1.5 * min(gaps) + 0.05


def _gaps(volley: Sequence[Failure]) -> list[float]:
    return [one.previous.idle_s for one in volley if one.previous is not None]


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


def breaks_at_one_value(case: Case) -> bool:
    """Whether the host's connections break at one age, or after one idle time: then the server's clock is behind it."""
    traced = [one for one in case.failures if one.previous is not None and not _is_last_of_many(one)]
    gaps = sorted(one.previous.idle_s for one in traced if one.previous is not None)
    is_idle = len(gaps) >= _VOLLEY and gaps[0] >= IDLE_S and _sits_at_one_value(gaps)
    return is_idle or any(_aged(case, traced))


def _aged(case: Case, traced: Sequence[Failure]) -> Iterator[Sighting]:
    """Connections that all broke at one age, but not all at one time: the other side counts their age or requests.

    The age counts from the first request that the logs hold, so a connection that is older than they are spoils it. A
    server that closes by age tells so, and only a request that was on its way just then is lost: the ages differ by no
    more than that takes, and none is much older.
    """
    broken = [(one.row.start_s or 0.0, one.previous) for one in traced if one.previous is not None]
    moments = len(_moments(sorted(time for time, _ in broken)))
    if moments < _VOLLEY:
        return
    served = sorted(previous.served for _, previous in broken)
    if _is_closed_by_age(case, broken):
        ages = sorted(previous.age_s for _, previous in broken)
        low, high = duration(1000 * ages[len(ages) // 4]), duration(1000 * ages[-1 - len(ages) // 4])
        words = f"most broke {low} to {high} after their first request, whenever that was"
        yield Sighting(clue=Clue.AGES_AT_ONE_VALUE if moments >= _ENOUGH else Clue.AGES_ALIKE, words=words)
    elif moments >= _ENOUGH and served[0] == served[-1] >= 10:
        words = f"they broke after exactly {served[0]} requests each: the other side counts them"
        yield Sighting(clue=Clue.AGES_AT_ONE_VALUE, words=words)


def _is_closed_by_age(case: Case, broken: Sequence[tuple[float, PreviousUse]]) -> bool:
    """Whether the ages fit a limit, of connections that were made at several times.

    Those made in the same moment are of one age whatever cuts them. And one that is seldom used has hardly ever a
    request on its way when its time is up.
    """
    made = _moments(sorted(time - previous.age_s for time, previous in broken))
    if len(made) < _VOLLEY:
        return False
    ages = sorted(previous.age_s for _, previous in broken)
    limit = median(ages)
    on_its_way = _CLOCK_S + _CLOCK_SHARE * limit + 2 * case.success_durations.quantile(0.5) / 1000
    near = sum(abs(age - limit) <= on_its_way for age in ages)
    seldom = sum(previous.idle_s > _SELDOM * on_its_way for _, previous in broken)
    is_one = near * 2 > len(ages) and ages[-1] <= _OLDER * limit and seldom <= _FEW * len(ages)
    times = [time for time, _ in broken]
    return is_one and limit >= IDLE_S and max(times) - min(times) >= 4 * on_its_way + 1.0


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
