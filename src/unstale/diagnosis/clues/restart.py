"""Were the addresses refused one after another, each only for a while, as servers are that are restarted in turn?

Who deploys takes one server away at a time. A firewall forgets all addresses of one DNS answer together, and what a
load balancer gave up does not come back in the order in which it went.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    left = [one for one in case.history().values() if _was_left(one)]
    back = [one for one in left if _came_back(one)]
    away = sorted(map(_absence, left))
    if not back or len(away) < _ENOUGH or any(earlier[1] >= later[0] for earlier, later in pairwise(away)):
        return
    if not all(one in back or _is_asked_no_more(one, back) for one in left):
        return
    longest = max(last - first for first, last, _ in away)
    if longest <= LONGEST_S:
        words = (
            f"{listed([name for _, _, name in away])} were refused one after another, each for at most "
            f"{duration(1000 * longest)}, and {_who(back, away)}: so servers look that are restarted in turn"
        )
        yield Sighting(clue=Clue.RESTARTED_IN_TURN, words=words)


def _absence(one: Address) -> tuple[float, float, str]:
    return (one.first_failure_s or 0.0, one.last_failure_s or 0.0, one.address)


def _was_left(one: Address) -> bool:
    """Whether it served before its first failure, and failed more than once."""
    if one.first_success_s is None or one.first_failure_s is None or one.failures < _ENOUGH:
        return False
    return one.first_success_s < one.first_failure_s


def _came_back(one: Address) -> bool:
    """Whether it served after its last failure: what a load balancer gave up does not."""
    if one.last_success_s is None or one.last_failure_s is None:
        return False
    return one.last_failure_s < one.last_success_s


def _is_asked_no_more(one: Address, back: Sequence[Address]) -> bool:
    """Whether its callers went elsewhere for good, so that nobody could see it come back; one that is asked refuses."""
    end = max(each.last_success_s or 0.0 for each in back)
    longest = max(last - first for first, last, _ in map(_absence, back))
    return end - (one.last_failure_s or 0.0) > longest


def _who(back: Sequence[Address], away: Sequence[tuple[float, float, str]]) -> str:
    return "serve again" if len(back) == len(away) else f"{listed([one.address for one in back])} serves again"


SEE = _see
