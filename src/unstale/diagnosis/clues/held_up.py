"""Were many more requests held up for a while than failed, where answers are quick else?

Who tries again hides an outage: the log has the few that could not be repeated, and the others only took long. A server
that cuts an answer now and then holds up nobody but the one that it cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from unstale.accesslog.durations import Durations, bucket_ms
from unstale.accesslog.result import Group
from unstale.diagnosis.case import Case, is_success
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.words import duration

_SLOW_MS = 50
_SLOWER = 10
_ENOUGH, _EACH = 10, 3
_MOST = 0.2
_FAR = 5
_OFTENER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """Of `total` answers `slow` took much longer than most, the slowest `longest_ms`."""

    slow: int
    total: int
    longest_ms: float

    @property
    def share(self) -> float:
        """The share of the slow ones, 0..1."""
        return self.slow / max(1, self.total)


def _see(case: Case) -> Iterator[Sighting]:
    if case.symptom is not Symptom.TERMINATION or case.is_opaque or case.is_told_by_next_hop:
        return
    good = [group for group in case.groups if is_success(group)]
    minutes = {group.key.minute for group in case.groups if case.holds(group)}
    usual_ms = case.success_durations.quantile(0.5)
    limit_ms = max(_SLOW_MS, _SLOWER * usual_ms)
    then = _slow([group for group in good if group.key.minute in minutes], limit_ms)
    else_ = _slow([group for group in good if group.key.minute not in minutes], limit_ms)
    is_many = then.slow >= max(_ENOUGH, _EACH * case.count) and then.share <= _MOST
    # On a busy machine the slow ones are the tail of all; those that waited for a connection stand apart from the rest.
    between = _slow([group for group in good if group.key.minute in minutes], limit_ms / _FAR).slow - then.slow
    is_apart = then.slow > between
    is_new = else_.total < _ENOUGH**2 or then.share >= _OFTENER * else_.share
    if is_many and is_apart and is_new:
        words = (
            f"{then.slow:,} others were held up for up to {duration(then.longest_ms)}, where most take "
            f"{duration(usual_ms)}: for a while there was no connection to be had"
        )
        yield Sighting(clue=Clue.HELD_UP, words=words)


def _slow(groups: Sequence[Group], limit_ms: float) -> Slow:
    counts = sum((group.durations for group in groups), Durations()).counts
    slow = {bucket_ms(bucket): count for bucket, count in counts.items() if bucket_ms(bucket) > limit_ms}
    return Slow(slow=sum(slow.values()), total=sum(counts.values()), longest_ms=max(slow, default=0.0))


SEE = _see
