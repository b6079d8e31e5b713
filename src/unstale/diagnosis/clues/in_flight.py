"""Did requests that had begun at different times break in one instant, while they waited for their answers?

Who ends (a program, a machine, a load balancer's node) takes every request with it that it has, in one moment. What
forgets a connection on the way does nothing until a packet comes: each request breaks on its own, as soon as it is
sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import pstdev

from unstale.accesslog.result import Failure
from unstale.diagnosis.case import Case, moment_of
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.words import duration, part

_CONCERNED = frozenset({Symptom.TERMINATION, Symptom.REFUSED})
_INSTANT_S = 0.02
_TICK_S = 0.001
"""Lines name milliseconds, and a proxy's threads notice an end a tick apart."""

_WAITED_MS = 5.0
"""What breaks as soon as it is sent has not waited."""

_ENOUGH = 3
_TIMES, _TIMES_OF_MORE = 5, 2
"""How much further apart the beginnings lie than the ends. What breaks on its own ends as far apart as it began, or
further; of three that may be otherwise by chance, of more hardly.
"""


def _see(case: Case) -> Iterator[Sighting]:
    if case.symptom not in _CONCERNED or case.is_opaque or case.is_told_by_next_hop:
        return
    cut = [one for one in cut_failures(case) if one.row.upstream_host in case.addresses]
    volleys = in_flight(cut)
    waiting = [one for volley in volleys for one in volley]
    if not waiting or len(waiting) * 2 <= len(cut):
        return
    waited = max(one.row.duration_ms for one in waiting)
    words = (
        f"{part(len(waiting), len(cut))} requests broke in the same instant while they waited, for up to "
        f"{duration(waited)}: the other side ended, and took all that it had with it"
    )
    yield Sighting(clue=Clue.CUT_IN_FLIGHT, words=words)


def cut_failures(case: Case) -> list[Failure]:
    """The requests of the case's host whose connection was closed before the answer."""
    near = case.scene.by_host.get(case.host, case.failures)
    return [one for one in near if case.scene.symptom(one) is Symptom.TERMINATION]


def in_flight(cut: Sequence[Failure]) -> list[list[Failure]]:
    """Those of them that broke together although they began at times that lie much further apart."""
    ordered = sorted(
        (moment, place, one) for place, one in enumerate(cut) if (moment := moment_of(one.row)) is not None
    )
    volleys: list[list[Failure]] = []
    begun = 0.0
    for moment, _, one in ordered:
        if volleys and moment - begun <= _INSTANT_S:
            volleys[-1].append(one)
        else:
            volleys.append([one])
            begun = moment
    return [volley for volley in volleys if _was_waiting(volley)]


def _was_waiting(volley: Sequence[Failure]) -> bool:
    waiting = [one for one in volley if one.row.duration_ms >= _WAITED_MS]
    if len(waiting) * 2 <= len(volley) or len({one.row.upstream_local_address for one in waiting}) < _ENOUGH:
        return False
    starts = pstdev(one.row.start_s or 0.0 for one in waiting)
    ends = pstdev(moment_of(one.row) or 0.0 for one in waiting)
    return starts >= (_TIMES if len(waiting) == _ENOUGH else _TIMES_OF_MORE) * (ends + _TICK_S)


SEE = _see
