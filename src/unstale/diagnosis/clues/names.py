"""What DNS says of the addresses that failed: in the answer, no longer, moved just before, or no answer at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from unstale.diagnosis.address import host_of, is_name
from unstale.diagnosis.background import DnsAnswer
from unstale.diagnosis.case import Case
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.words import duration, listed

BEFORE_S = 3600.0
"""A move is remembered for this long: connections are kept for up to an hour (Envoy's idle time-out)."""


def _see(case: Case) -> Iterator[Sighting]:
    if not is_name(case.host) or case.is_told_by_next_hop:
        return
    answers = case.scene.background.answers(case.host)
    if not answers:
        return
    yield from _membership(case, answers)
    yield from _failed(case, answers)


def _membership(case: Case, answers: Sequence[DnsAnswer]) -> Iterator[Sighting]:
    good = [answer for answer in answers if not answer.is_failure]
    failed = {host_of(address) for address in case.addresses}
    if not good or not failed:
        return
    latest = _at_the_time(case, good)
    gone = sorted(failed - set(latest.addresses))
    when = "now" if latest.at_s is None else "then"
    if len(gone) * 2 > len(failed):
        words = f"{listed(gone)} is not in the DNS answer {when} ({listed(latest.addresses)})"
        yield Sighting(clue=Clue.NOT_IN_DNS, words=words)
    else:
        yield Sighting(clue=Clue.IN_DNS, words=f"DNS names {listed(sorted(failed))} {when}")
    moved_s = _moved(case, good)
    if moved_s is not None:
        words = f"the DNS answer changed {duration(1000 * moved_s)} before the first failure"
        yield Sighting(clue=Clue.DNS_MOVED, words=words)
    elif len([answer for answer in good if answer.at_s is not None]) >= 2 and not gone:
        yield Sighting(clue=Clue.DNS_STEADY, words="the DNS answer did not change around the failures")


def _at_the_time(case: Case, good: Sequence[DnsAnswer]) -> DnsAnswer:
    """The last answer known by the end of the failures; a look-up made now where there is no history."""
    end = case.times[-1] if case.times else None
    known = [answer for answer in good if answer.at_s is not None and end is not None and answer.at_s <= end + 1.0]
    return known[-1] if known else good[-1]


def _moved(case: Case, good: Sequence[DnsAnswer]) -> float | None:
    """Seconds from the change of the answer to the first failure, None where it did not change in time.

    A resolver may notice only after the connections do, by up to the time to live: failures up to 30 s earlier count.
    """
    dated = [answer for answer in good if answer.at_s is not None]
    if not case.times:
        return None
    first = case.times[0]
    for older, newer in pairwise(dated):
        assert newer.at_s is not None
        if not set(older.addresses) & set(newer.addresses) and -30.0 <= first - newer.at_s <= BEFORE_S:
            return max(0.0, first - newer.at_s)
    return None


def _failed(case: Case, answers: Sequence[DnsAnswer]) -> Iterator[Sighting]:
    broken = [answer for answer in answers if answer.is_failure and _is_near(case, answer)]
    if broken:
        how = "an answer without addresses" if broken[0].rcode == "NOERROR" else broken[0].rcode
        when = "now" if broken[0].at_s is None else "at that time"
        yield Sighting(clue=Clue.DNS_FAILED, words=f"DNS gives {how} for {case.host} {when}")


def _is_near(case: Case, answer: DnsAnswer) -> bool:
    """Whether the look-up was made while the failures lasted, or up to two minutes before."""
    if answer.at_s is None or not case.times:
        return True
    return case.times[0] - 120.0 <= answer.at_s <= case.times[-1] + 1.0


SEE = _see
