"""Did the host's addresses turn over when the failures began: those of before gone for good, those since all new?

It matters where nothing that failed names an old address: requests that were tried there first end at a new one, and
who asks one address at a time may have just begun with one that left.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.accesslog.result import Address
from unstale.diagnosis.case import IN_FLIGHT_S, Case, moment_of
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.symptom import UPSTREAM
from unstale.diagnosis.words import listed

_ENOUGH = 5
_OVERLAP_S = 0.1
_SOON_S = 3.0
"""The new ones are taken up within a DNS refresh or so: later it is another story."""


def _see(case: Case) -> Iterator[Sighting]:
    if case.symptom not in UPSTREAM or not case.addresses or case.is_told_by_next_hop:
        return
    found = turned_over(case)
    if found is not None:
        gone, new = (listed([one.address for one in them]) for them in found)
        words = f"{gone} served until the failures began and never since, {new} never before"
        yield Sighting(clue=Clue.TURNED_OVER, words=words)


def turned_over(case: Case) -> tuple[list[Address], list[Address]] | None:
    """The addresses that left and those that came for them; None where they did not turn over."""
    if not case.times:
        return None
    begun, ended = case.times[0], max(moment_of(row) or 0.0 for row in case.rows)
    served = [one for one in case.history().values() if one.successes]
    before = [one for one in served if (one.last_success_s or 0.0) <= begun + IN_FLIGHT_S]
    after = [one for one in served if begun - IN_FLIGHT_S < (one.first_success_s or 0.0) <= ended + _SOON_S]
    if len(before) + len(after) != len(served) or not _follow(before, after):
        return None
    return before, after


def _follow(before: list[Address], after: list[Address]) -> bool:
    """Whether both served much, the later ones from when the earlier ones served last."""
    if min(sum(one.successes for one in before), sum(one.successes for one in after)) < _ENOUGH:
        return False
    last = max(one.last_success_s or 0.0 for one in before)
    return min(one.first_success_s or 0.0 for one in after) > last - _OVERLAP_S


SEE = _see
