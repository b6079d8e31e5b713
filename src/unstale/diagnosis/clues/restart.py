"""Were the addresses refused one after another, each only for a while, as servers are that are restarted in turn?

Who deploys takes one server away at a time. A firewall forgets all addresses of one DNS answer together, and what a
load balancer gave up does not come back in the order in which it went.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from unstale.accesslog.result import Address
from unstale.diagnosis.case import Case
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.words import duration, listed

LONGEST_S = 300.0
"""A restart that takes longer is an outage."""

_ENOUGH = 2


def _see(case: Case) -> Iterator[Sighting]:
    if case.symptom is not Symptom.REFUSED or case.is_told_by_next_hop:
        return
    away = sorted(map(_absence, filter(_came_back, case.history().values())))
    if len(away) < _ENOUGH or any(earlier[1] >= later[0] for earlier, later in pairwise(away)):
        return
    longest = max(last - first for first, last, _ in away)
    if longest <= LONGEST_S:
        words = (
            f"{listed([name for _, _, name in away])} were refused one after another, each for at most "
            f"{duration(1000 * longest)}, and serve again: so servers look that are restarted in turn"
        )
        yield Sighting(clue=Clue.RESTARTED_IN_TURN, words=words)


def _absence(one: Address) -> tuple[float, float, str]:
    return (one.first_failure_s or 0.0, one.last_failure_s or 0.0, one.address)


def _came_back(one: Address) -> bool:
    """Whether it served before its first failure and after its last one, and failed more than once between."""
    if one.first_success_s is None or one.last_success_s is None or one.failures < _ENOUGH:
        return False
    if one.first_failure_s is None or one.last_failure_s is None:
        return False
    return one.first_success_s < one.first_failure_s and one.last_failure_s < one.last_success_s


SEE = _see
