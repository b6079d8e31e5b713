"""Did several addresses fail in the same moments, again and again, and serve in between?

What stands on the way and forgets, then learns again, strikes all addresses at once each time. A server that is down
is down alone, and an address that left does not come back.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.diagnosis.case import Case, moment_of
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.words import duration, plural

APART_S = 1.0
"""A pause between two failures from which on they belong to two waves."""

_WAVES = 2
_ADDRESSES = 2
_OUTAGES = frozenset({Symptom.REFUSED, Symptom.UNREACHABLE, Symptom.CONNECT_TIMEOUT, Symptom.CONNECT_FAILURE})

Failed = list[tuple[float, str]]


def _see(case: Case) -> Iterator[Sighting]:
    if case.symptom not in _OUTAGES or not _all_serve_on(case):
        return
    failed = sorted((time, row.upstream_host) for row in case.rows if (time := moment_of(row)) is not None)
    found = _waves(failed)
    if len(found) < _WAVES or any(_lasted(wave) >= APART_S for wave in found):
        return
    common = [wave for wave in found if len({address for _, address in wave}) >= _ADDRESSES]
    if len(common) >= _WAVES and len(common) * 2 > len(found):
        apart = (found[-1][0][0] - found[0][0][0]) / (len(found) - 1)
        words = (
            f"several addresses failed together in {plural(len(common), 'wave')}, about {duration(1000 * apart)} apart,"
            " and served in between"
        )
        yield Sighting(clue=Clue.FAILS_IN_WAVES, words=words)


def _all_serve_on(case: Case) -> bool:
    known = [one for name in case.addresses if (one := case.scene.addresses.get(name)) is not None]
    return bool(known) and all((one.last_success_s or 0.0) > (one.first_failure_s or 0.0) for one in known)


def _waves(failed: Failed) -> list[Failed]:
    waves: list[Failed] = []
    for one in failed:
        if waves and one[0] - waves[-1][-1][0] <= APART_S:
            waves[-1].append(one)
        else:
            waves.append([one])
    return waves


def _lasted(wave: Failed) -> float:
    return wave[-1][0] - wave[0][0]


SEE = _see
