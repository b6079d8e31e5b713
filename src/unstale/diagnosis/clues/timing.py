"""How long the failing requests took: at once, a handshake's time, or the round value of somebody's time-out?"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.accesslog.durations import Durations, bucket_ms
from unstale.accesslog.row import Row
from unstale.diagnosis.address import is_public
from unstale.diagnosis.case import Case, most
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.clues.path import is_passthrough
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.words import duration, plural

AT_ONCE_MS = 5
TOO_NEAR_MS = 1
"""An answer within a millisecond cannot come from the internet: light goes 100 km and back in that time."""

_FAR_MS = 25
"""Where even the quickest answers take longer, the server is far away."""

_WAIT_MS = 900
_HANDSHAKE_MS = (5, 900)
_ROUND_MS = (1000, 2000, 3000, 5000, 10000, 15000, 20000, 30000, 60000)
_ENOUGH = 5
_CLOSED = frozenset({Symptom.TERMINATION, Symptom.REMOTE_RESET})
_HANGS = frozenset({Symptom.TIMEOUT, Symptom.CLIENT_LEFT})
_WAITING = frozenset(
    {Symptom.TIMEOUT, Symptom.CLIENT_LEFT, Symptom.TERMINATION, Symptom.REMOTE_RESET, Symptom.CONNECT_TIMEOUT}
)


def _see(case: Case) -> Iterator[Sighting]:
    typical = case.typical_ms
    if typical is None or not case.failures:
        return
    shown = duration(typical)
    if typical <= AT_ONCE_MS:
        yield Sighting(clue=Clue.AT_ONCE, words=f"the failures show at once (median {shown})")
    if case.symptom is Symptom.REFUSED and not _serves_from_near(case) and most(_is_near(row) for row in case.rows):
        words = f"refused in {shown}, sooner than an answer from the internet could come: something near refuses"
        yield Sighting(clue=Clue.TOO_NEAR, words=words)
    if case.symptom is Symptom.CONNECT_FAILURE and _HANDSHAKE_MS[0] <= typical < _HANDSHAKE_MS[1]:
        yield Sighting(clue=Clue.HANDSHAKE_TIME, words=f"it took {shown}: longer than a refusal, about a TLS handshake")
    if case.symptom is Symptom.CLIENT_LEFT and typical < _WAIT_MS:
        yield Sighting(clue=Clue.LEFT_EARLY, words=f"the client left after {shown}: no time-out is that short")
    if case.symptom in _WAITING and typical >= _WAIT_MS and not case.is_opaque:
        if case.symptom in _CLOSED and "URX" not in case.flags:
            yield from _closed(typical)
        elif case.symptom is Symptom.CONNECT_TIMEOUT:
            yield from _connecting(typical)
        else:
            yield from _hung(case, typical)


def _closed(typical: float) -> Iterator[Sighting]:
    shown = duration(typical)
    if _round(typical):
        words = f"they were closed after {shown}, a round value: somebody's time-out"
        yield Sighting(clue=Clue.ROUND_WAIT, words=words)
    else:
        words = f"they were closed after {shown}, no round value: the other side died while it worked, or is gone"
        yield Sighting(clue=Clue.ODD_WAIT, words=words)


def _connecting(typical: float) -> Iterator[Sighting]:
    if _round(typical):
        words = f"{duration(typical)} is a whole number of connect time-outs: the packets got no answer at all"
        yield Sighting(clue=Clue.CONNECT_WAIT, words=words)


def _hung(case: Case, typical: float) -> Iterator[Sighting]:
    """How long it took is the waiting side's patience; whether the server is slow, only other requests tell."""
    good = case.success_durations
    if case.symptom not in _HANGS or good.total < _ENOUGH:
        return
    shown, slow = duration(typical), good.quantile(0.9)
    rescued = _rescued(good)
    if rescued:
        words = (
            f"{plural(rescued, 'request')} took a whole number of tries' time-outs and a moment: a new try was quick"
        )
        yield Sighting(clue=Clue.RESCUED_BY_RETRY, words=words)
    if slow * 5 < typical:
        words = f"nine in ten requests that went well took at most {duration(slow)}, the failing ones {shown}"
        yield Sighting(clue=Clue.SERVER_IS_QUICK, words=words)
    elif slow * 2 > typical and not rescued:
        words = f"requests that went well took up to {duration(slow)} too: the server is slow"
        yield Sighting(clue=Clue.SERVER_IS_SLOW, words=words)


def _rescued(good: Durations) -> int:
    """How many waited for tries that ran out and were answered at once by the next; 0 where some were merely slow."""
    waited = {bucket_ms(bucket): count for bucket, count in good.counts.items() if bucket_ms(bucket) >= _WAIT_MS}
    quick = sum(count for bucket, count in good.counts.items() if bucket_ms(bucket) < _WAIT_MS / 5)
    is_all = all(_round(ms) for ms in waited)
    return sum(waited.values()) if waited and is_all and quick * 2 >= good.total else 0


def _round(typical: float) -> int:
    """The time-out that the duration is a multiple of; 0 for none. Timers strike late, by a tick or a second."""
    for step in reversed(_ROUND_MS):
        times = round(typical / step)
        late = typical - times * step
        if 1 <= times <= 12 and -0.003 * typical - 5 <= late <= max(60.0, 0.012 * typical):
            return step
    return 0


def _serves_from_near(case: Case) -> bool:
    """Whether the server itself answers that fast, so that a fast refusal tells nothing."""
    good = case.success_durations
    return good.total > 0 and good.quantile(0.02) < _FAR_MS


def _is_near(row: Row) -> bool:
    is_local_dial = "duration_ms" not in row.absent and row.duration_ms <= TOO_NEAR_MS
    return (
        is_local_dial and is_public(row.upstream_host) and (is_passthrough(row) or row.cluster.startswith("outbound"))
    )


SEE = _see
