"""Did the host's connections fail in waves, several addresses together or at a steady beat, and serve in between?

What stands on the way and forgets, then learns again, strikes all addresses at once each time, and by its own clock:
whatever the age of the connections. A server that is down is down alone, an address that left does not come back, and
what a server closes by age or idle time it closes one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from unstale.accesslog.row import Row
from unstale.diagnosis.case import Case, has_carried, moment_of
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.clues.connection import breaks_at_one_value
from unstale.diagnosis.symptom import OUTAGES, Symptom
from unstale.diagnosis.words import duration, plural

APART_S = 1.0
"""A pause between two failures from which on they belong to two waves."""

_WAVES, _BEATS = 2, 3
_ADDRESSES = 2
_MANY, _VOLLEY, _PAIR = 6, 3, 2
_TOGETHER_S = 0.5
_LONGEST = 0.4
"""A wave lasts for less than this share of the time from one to the next: what lasts longer is no wave."""

_STEADY, _STEADY_OF_THREE = 0.15, 0.04
"""Of three moments one in fifty times lies as evenly as this by chance, of four even fewer."""

_STRUCK = OUTAGES | {Symptom.TERMINATION}
_STRUCK_BARE = _STRUCK | {Symptom.REMOTE_RESET}

Failed = list[tuple[float, str]]


def _see(case: Case) -> Iterator[Sighting]:
    if case.symptom not in _kinds(case) or case.is_told_by_next_hop:
        return
    waves = waves_of(case)
    if len(waves) < _WAVES or not _recur(waves) or breaks_at_one_value(case):
        return
    apart = median(later[0][0] - earlier[0][0] for earlier, later in pairwise(waves))
    common = [wave for wave in waves if _is_common(wave)]
    is_plain = len(common) >= _WAVES and len(common) * 2 > len(waves)
    if is_plain or (_is_on_the_way(case, waves, common) and sum(map(len, waves)) >= _MANY):
        told = f"in {plural(len(common), 'wave')} of {len(waves)}" if common else f"in turn, in {len(waves)} waves"
        words = f"several addresses failed {told}, about {duration(1000 * apart)} apart, and served in between"
        yield Sighting(clue=Clue.FAILS_IN_WAVES, words=words)
    if _is_steady([wave[0][0] for wave in waves]):
        words = (
            f"{plural(len(waves), 'wave')} of failures came at a steady beat of {duration(1000 * apart)}, whatever the "
            "connections' age: somebody's clock"
        )
        yield Sighting(clue=Clue.STEADY_BEAT, words=words)


def _is_on_the_way(case: Case, waves: Sequence[Failed], common: Sequence[Failed]) -> bool:
    """Whether what recurs is not one server's: where DNS names one address at a time, a wave finds only that one.

    Addresses that are refused in turn and come back are a load balancer's; what is cut in use serves on.
    """
    if common:
        return len(common) * 2 >= len(waves) or min(map(len, waves)) >= _VOLLEY
    struck = {address for wave in waves for _, address in wave}
    sizes = sorted(map(len, waves))
    is_cut = case.symptom is Symptom.TERMINATION and case.count * 2 > sum(sizes)
    is_grouped = len(waves) >= _BEATS and sizes[0] >= _PAIR and median(sizes) >= _VOLLEY
    return is_cut and is_grouped and len(struck) >= _ADDRESSES


def strikes_again(case: Case) -> bool:
    """Whether the host's connections fail in waves, in which an address is struck more than once."""
    waves = waves_of(case)
    return len(waves) >= _WAVES and _recur(waves)


def waves_of(case: Case) -> list[Failed]:
    """When and where the host's connections failed, in whatever way, by wave; none where they do not lie in waves.

    All addresses that served must serve on, but for those struck when the log ends. A failed request that was tried
    again began where its wave did.
    """
    kinds = _kinds(case)
    struck = [
        (moment, one.row.upstream_host)
        for one in case.scene.by_host.get(case.host, case.failures)
        if case.scene.symptom(one) in kinds and (moment := _struck(one.row)) is not None
    ]
    if not _all_serve_on(case, struck):
        return []
    waves: list[Failed] = []
    for one in sorted(struck):
        if waves and one[0] - waves[-1][-1][0] <= APART_S:
            waves[-1].append(one)
        else:
            waves.append([one])
    begun = [wave[0][0] for wave in waves]
    if len(waves) < _WAVES:
        return []
    apart = median(later - earlier for earlier, later in pairwise(begun))
    return waves if all(wave[-1][0] - wave[0][0] <= _LONGEST * apart for wave in waves) else []


def _struck(row: Row) -> float | None:
    return row.start_s if "URX" in row.flags else moment_of(row)


def _kinds(case: Case) -> frozenset[Symptom]:
    """A bare connection that is cut is reset; of HTTP a reset is the server's word."""
    return _STRUCK_BARE if case.is_opaque else _STRUCK


def _all_serve_on(case: Case, struck: Failed) -> bool:
    """Whether every address that has served serves again after it was struck first."""
    first = {address: moment for moment, address in sorted(struck, reverse=True)}
    served = {name: max(times) for name in first if (times := _served_s(case, name))}
    end = max(served.values(), default=0.0) - APART_S
    told = {name: last for name, last in served.items() if first[name] < end or last > first[name]}
    return bool(told) and all(last > first[name] for name, last in told.items())


def _served_s(case: Case, address: str) -> list[float]:
    """When the address answered: at its first and last success, and on bare connections also before they failed."""
    known = case.scene.addresses.get(address)
    times = [] if known is None else [known.first_success_s, known.last_success_s]
    rows = (one.row for one in case.scene.by_host.get(case.host, case.failures))
    times += [row.start_s for row in rows if row.upstream_host == address and has_carried(row)]
    return [time for time in times if time is not None]


def _recur(waves: Sequence[Failed]) -> bool:
    """Whether an address is struck again: servers that are restarted in turn are struck once each."""
    times = Counter(address for wave in waves for address in {name for _, name in wave})
    return max(times.values()) >= _WAVES


def _is_common(wave: Failed) -> bool:
    first = {address: moment for moment, address in reversed(wave)}
    return sum(moment - wave[0][0] <= _TOGETHER_S for moment in first.values()) >= _ADDRESSES


def _is_steady(begun: Sequence[float]) -> bool:
    if len(begun) < _BEATS:
        return False
    apart = [later - earlier for earlier, later in pairwise(begun)]
    most = _STEADY if len(begun) > _BEATS else _STEADY_OF_THREE
    return max(apart) - min(apart) <= most * median(apart)


SEE = _see
