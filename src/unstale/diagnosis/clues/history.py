"""What became of the addresses: did they serve before, do they serve again, and do others of the host?

An address that fails for good while its siblings serve has left the service; one that serves all along is none that
changed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from unstale.accesslog.result import Address
from unstale.diagnosis.case import IN_FLIGHT_S, STRANGE, Case, has_carried, serves_on
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.clues.turnover import turned_over
from unstale.diagnosis.clues.waves import strikes_again
from unstale.diagnosis.symptom import OUTAGES, UPSTREAM, Symptom
from unstale.diagnosis.words import listed, part

TOGETHER_S = 1.0
"""Failures that begin within this time began together: connections in use notice within their next request."""

_MOSTLY = 0.9
_HANGS = frozenset({Symptom.TIMEOUT, Symptom.CLIENT_LEFT})
_ENOUGH = 3
_TWICE = 2
_MANY = 20
_BUSY = 5


def _see(case: Case) -> Iterator[Sighting]:
    if case.symptom not in UPSTREAM or not case.addresses or case.is_told_by_next_hop:
        return
    history = case.history()
    failed = [history[name] for name in case.addresses if name in history]
    others = [one for name, one in history.items() if name not in case.addresses and one.successes]
    if not failed:
        return
    if is_answered_by_others(case):
        yield from _others_answer(case)
        return
    yield from _fate(case, failed, others)
    yield from _healed(case, history.values())
    yield from _new_addresses(case, failed, history.values())
    yield from _new_ones(case, failed)


def _fate(case: Case, failed: list[Address], others: list[Address]) -> Iterator[Sighting]:
    lost = [one for one in failed if one.successes and is_lost(one)]
    # Those that served first after the lost ones served last: what failed there had been tried at the lost ones before.
    arrived = (turned_over(case) or ([], []))[1]
    came = [one for one in failed if one in arrived or _served_after(one, lost)]
    alive = [one for one in failed if one.successes and serves_on(one) and one not in came]
    never = [one for one in failed if not one.successes]
    names = listed([one.address for one in lost])
    later = [*came, *(one for one in others if _first_failure(lost) < (one.last_success_s or 0.0))]
    meanwhile = [one for one in others if _served_while(case, one)]
    is_more = sum(one.failures for one in lost) >= sum(one.failures for one in alive)
    if lost and len(lost) >= len(alive) and is_more:
        first_s = _first_failure(lost) - IN_FLIGHT_S
        new = [one for one in later if one in came or (one.first_success_s or 0.0) > first_s]
        if new:
            words = f"{names} served until the failures began and not since; since then {_named(new)} serve"
            yield Sighting(clue=Clue.ADDRESS_LOST_OTHERS_SERVE, words=words)
        elif later:
            words = f"{names} served until the failures began and not since; {_named(later)} served before and since"
            yield Sighting(clue=Clue.ADDRESS_LOST_SIBLINGS_SERVE, words=words)
        elif case.count >= _ENOUGH:
            words = f"{names} served until the failures began, and not since"
            yield Sighting(clue=Clue.ADDRESS_LOST, words=words)
    elif alive and len(alive) >= len(never) and not _is_outage(case):
        words = f"{listed([one.address for one in alive])} served before the failures and between or after them"
        yield Sighting(clue=Clue.ADDRESS_SERVES_ON, words=words)
    elif len(never) == len(failed) and meanwhile and case.count >= _TWICE:
        words = f"{listed([one.address for one in never])} never served, while {_named(meanwhile)} do"
        yield Sighting(clue=Clue.ONE_OF_SEVERAL, words=words)
    elif never and not case.successes and case.count >= _ENOUGH and not _has_carried(case):
        yield Sighting(
            clue=Clue.NEVER_SERVED, words=f"no request to this host went well in these logs ({case.count} failed)"
        )


def _has_carried(case: Case) -> bool:
    """Whether the server answered on a bare connection to the host before that failed: then it did serve."""
    return any(has_carried(one.row) for one in case.scene.by_host.get(case.host, case.failures))


def _new_ones(case: Case, failed: list[Address]) -> Iterator[Sighting]:
    """Only old connections hang, while the same addresses go on to serve: the server is not what is slow."""
    if case.symptom not in _HANGS or not all(serves_on(one) for one in failed):
        return
    traced = [failure for failure in case.failures if failure.is_traced]
    reused = [failure for failure in traced if failure.previous is not None]
    if traced and len(reused) >= _MOSTLY * len(traced):
        words = (
            f"{part(len(reused), len(traced))} hung on connections that had served before, and the addresses serve"
            " on others"
        )
        yield Sighting(clue=Clue.NEW_CONNECTIONS_WORK, words=words)


def is_answered_by_others(case: Case) -> bool:
    """Whether somebody else seems to answer for the host.

    Cloud addresses are given to others within minutes, who answer what they know nothing of with 404 or 421.
    """
    strange, served = _answers(case)
    return strange >= _MANY and served >= _MANY and strange * 8 >= served


def _new_addresses(case: Case, failed: list[Address], history: Iterable[Address]) -> Iterator[Sighting]:
    """Addresses that nobody had used before took over around the first failure: a move, whatever else it is.

    An address counts as late where, asked as often as later, it would have been asked three times before. Where others
    began late in good times, the proxy takes one address after another (DNS_ROUND_ROBIN), and a new one says nothing.
    Nor is one new that the application had dialled before: DNS named it already. And where connections break on the new
    ones as on the old, they were not what was wrong.
    """
    times = [one.first_failure_s for one in failed if one.successes and one.first_failure_s is not None]
    begun = case.scene.begun_s
    if not times or begun is None or min(times) - begun < TOGETHER_S:
        return
    dialled = _dialled(case, until=min(times))
    late = [one for one in history if _is_late(one, begun)]
    known = dialled if _is_outage(case) else dialled | set(case.addresses)
    new = [one for one in late if one.address not in known and _is_new(one, begun, min(times))]
    if new and len(new) == len(late):
        words = f"{_named(new)} began to serve only around the first failure of the others"
        yield Sighting(clue=Clue.NEW_ADDRESSES, words=words)


def _dialled(case: Case, *, until: float) -> set[str]:
    """The addresses that the callers of failing requests to the host had dialled by then."""
    return {
        one.row.downstream_local_address
        for one in case.scene.by_host.get(case.host, ())
        if (one.row.start_s or math.inf) <= until
    }


def _is_late(one: Address, begun: float) -> bool:
    """Whether it began to serve well after the logs do, and not only because it is seldom asked."""
    if one.successes < _ENOUGH or one.first_success_s is None or one.last_success_s is None:
        return False
    unseen = one.first_success_s - begun
    rate = one.successes / max(one.last_success_s - one.first_success_s, TOGETHER_S)
    return unseen >= TOGETHER_S and rate * unseen >= _ENOUGH


def _is_new(one: Address, begun: float, first_failure: float) -> bool:
    return (one.first_success_s or 0.0) - begun >= 0.4 * (first_failure - begun)


def _come_and_go(case: Case) -> bool:
    """Whether addresses went one after another, three and more or some for good: that one is back is no healing then.

    What forgets addresses and learns them again does so with all of them.
    """
    known = [one for name in case.addresses if (one := case.scene.addresses.get(name)) is not None and one.successes]
    begun = sorted(one.first_failure_s for one in known if one.first_failure_s is not None)
    apart = len(begun) >= _TWICE and begun[-1] - begun[0] > TOGETHER_S
    return apart and (len(begun) >= _ENOUGH or any(map(is_lost, known)) or in_turn(case, known))


def _is_outage(case: Case) -> bool:
    """Whether the symptom is that of an address that cannot be reached, and not of a request that went wrong."""
    return case.symptom in OUTAGES or (case.is_opaque and case.symptom is Symptom.REMOTE_RESET)


def _healed(case: Case, history: Iterable[Address]) -> Iterator[Sighting]:
    """Addresses of the host that served before, failed in these moments in whatever way, and serve again."""
    if not _is_outage(case) or not case.times or _come_and_go(case):
        return
    connected = _connected(case) if case.symptom in OUTAGES else set()
    again = [
        one.address
        for one in history
        if one.failures
        and one.address not in connected
        and (one.first_success_s or math.inf) < case.times[0]
        and serves_on(one)
    ]
    if again:
        words = f"{listed(again)} served before, could not be reached for a while, and serve again"
        yield Sighting(clue=Clue.HEALED, words=words)


def _connected(case: Case) -> set[str]:
    """Addresses to which every failed request had a connection: it came there last, when its client gave up."""
    missing = {row.upstream_host for row in case.rows if not row.upstream_local_address}
    return set(case.addresses) - missing


def _others_answer(case: Case) -> Iterator[Sighting]:
    strange, served = _answers(case)
    words = f"of the host's other answers {strange:,} are 404 or 421 and {served:,} are not: does somebody else answer?"
    yield Sighting(clue=Clue.OTHERS_ANSWER, words=words)


def _answers(case: Case) -> tuple[int, int]:
    strange = sum(group.count for group in case.groups if group.key.status in STRANGE and not group.key.flags)
    served = sum(group.count for group in case.groups if 200 <= group.key.status < 400 and not group.key.flags)
    return strange, served


def _named(addresses: list[Address]) -> str:
    return listed([one.address for one in addresses])


def _served_while(case: Case, one: Address) -> bool:
    """Whether the address was in use while these began to fail: some proxies use one address after another."""
    if not case.times or one.first_success_s is None or one.last_success_s is None:
        return True
    return one.last_success_s >= case.times[0] - IN_FLIGHT_S and one.first_success_s <= case.times[-1] + IN_FLIGHT_S


def is_lost(one: Address) -> bool:
    """No success began after the failures had; those in flight at the time end well within half a second."""
    if one.last_success_s is None or one.first_failure_s is None:
        return False
    return one.last_success_s <= one.first_failure_s + IN_FLIGHT_S and (one.last_failure_s or 0.0) >= one.last_success_s


def _served_after(one: Address, lost: list[Address]) -> bool:
    return bool(lost) and (one.first_success_s or 0.0) > max(each.last_success_s or 0.0 for each in lost)


def _first_failure(lost: list[Address]) -> float:
    return min((one.first_failure_s for one in lost if one.first_failure_s is not None), default=0.0)


def in_turn(case: Case, failed: list[Address]) -> bool:
    """Whether addresses in use went one after another, rather than all again and again."""
    return all(was_in_use(one) and not _only_breaks(case, one) for one in failed) and not strikes_again(case)


def _only_breaks(case: Case, one: Address) -> bool:
    """Whether connections to it broke now and then while it serves on: then it did not go, neither first nor last."""
    return not _is_outage(case) and serves_on(one)


def was_in_use(one: Address) -> bool:
    """Whether it was asked so often that the moment of its first failure is the moment at which it failed."""
    span = (one.first_failure_s or 0.0) - (one.first_success_s or 0.0)
    return one.successes >= _BUSY and span > 0 and one.successes / span >= 1.0 / TOGETHER_S


SEE = _see
