"""How the failures lie in time: now and then, all the time, in one burst; and what failed just before or after them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from unstale.accesslog.result import Failure
from unstale.accesslog.row import Row, cluster_host
from unstale.diagnosis.address import is_mesh_name
from unstale.diagnosis.case import Case, most
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.clues.history import is_answered_by_others
from unstale.diagnosis.clues.in_flight import in_flight
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.words import duration, plural

SPORADIC, PERSISTENT = 0.1, 0.9
"""Shares of the host's requests, over the minutes in which it failed."""

_ENDINGS = frozenset({Symptom.TERMINATION, Symptom.REFUSED, Symptom.NO_HEALTHY})
NEAR_S = 30.0
_BURST_S = 120.0
_HANGS = frozenset({Symptom.CLIENT_LEFT, Symptom.TIMEOUT})
_UNREACHED = frozenset({Symptom.REFUSED, Symptom.UNREACHABLE, Symptom.CONNECT_TIMEOUT})
_FEW_USERS = 4
_STEADY = 4
_MOST_CUT = 0.4
_ENOUGH = 3
_BREAKS = frozenset(
    {
        Symptom.REFUSED,
        Symptom.UNREACHABLE,
        Symptom.CONNECT_TIMEOUT,
        Symptom.CONNECT_FAILURE,
        Symptom.TERMINATION,
        Symptom.TLS,
        Symptom.OWN_ERROR,
        Symptom.REMOTE_RESET,
        Symptom.TIMEOUT,
    }
)


def _see(case: Case) -> Iterator[Sighting]:
    yield from _shares(case)
    yield from _bursts(case)
    if "URX" in case.flags and case.symptom is not Symptom.OWN_ERROR:
        attempts = max((row.attempts or 0 for row in case.rows), default=0)
        tries = f"all {attempts} tries" if attempts else "every try"
        yield Sighting(clue=Clue.RETRIED_IN_VAIN, words=f"URX: {tries} failed, on other connections too")
    yield from _neighbours(case)


def _shares(case: Case) -> Iterator[Sighting]:
    share = case.share
    if share is None or case.count < _ENOUGH:
        return
    total = case.count + case.successes
    is_hang = case.symptom in (Symptom.CLIENT_LEFT, Symptom.CONNECT_TIMEOUT)
    if share <= SPORADIC and total >= 20 and not is_hang and not is_answered_by_others(case):
        words = f"{case.count:,} of the host's {total:,} requests: most go well at the same time"
        yield Sighting(clue=Clue.SPORADIC, words=words)
    elif share >= PERSISTENT and case.count >= 2 * _ENOUGH and not case.has_carried:
        yield Sighting(clue=Clue.PERSISTENT, words=f"while it lasts, {share:.0%} of the host's requests fail")


def _bursts(case: Case) -> Iterator[Sighting]:
    times = case.times
    if len(times) < _ENOUGH or len(times) < case.count:
        return
    lasted, span = times[-1] - times[0], case.scene.span_s
    if lasted <= _BURST_S and span >= 10 * max(lasted, 30.0):
        words = f"all {len(times)} failures lie within {duration(1000 * lasted)} of {duration(1000 * span)} of logs"
        yield Sighting(clue=Clue.BURST, words=words)


def _neighbours(case: Case) -> Iterator[Sighting]:
    near = list(_near(case))
    yield from _end(case, [one for one in near if _is_same_address(case, one)])
    if case.symptom is Symptom.NO_HEALTHY:
        yield from _ejected(case)
    yield from _side_by_side(case)
    draining = [one for one in near if case.scene.symptom(one) is Symptom.DRAINING]
    if draining:
        words = f"{plural(len(draining), 'line')} nearby show a proxy that was closing (a deploy, a changed listener)"
        yield Sighting(clue=Clue.DRAINING_NEAR, words=words)


def _end(case: Case, near: list[Failure]) -> Iterator[Sighting]:
    """How the old connections ended where new ones are refused.

    A program that ends closes its connections, and the proxy sees it in time; a firewall says nothing, so every
    connection breaks at its next request.
    """
    cut = [one for one in near if case.scene.symptom(one) is Symptom.TERMINATION]
    refused = [one for one in near if case.scene.symptom(one) is Symptom.REFUSED]
    if case.symptom in (Symptom.REFUSED, Symptom.TERMINATION) and refused and not _is_shared(case):
        users = _steady_users([*cut, *refused])
        old = round(min(len(users), _connections(case, cut)))
        if cut and not in_flight(cut) and (len(users) < _FEW_USERS or len(cut) >= _MOST_CUT * old):
            words = f"{plural(len(cut), 'connection')} to the same address broke in use, then new ones were refused"
            yield Sighting(clue=Clue.CUT_THEN_REFUSED, words=words)
        elif len(users) >= _FEW_USERS and len(cut) < _MOST_CUT * old and _had_served(case) and "URX" not in case.flags:
            words = (
                f"new connections are refused, yet only {len(cut)} of some {old} old ones broke in use: "
                "the others were closed in peace, as a program does that ends"
            )
            yield Sighting(clue=Clue.CLOSED_IN_PEACE, words=words)
    unreachable = [one for one in near if case.scene.symptom(one) in _UNREACHED]
    if case.symptom is Symptom.TERMINATION and not unreachable and case.count >= 2 * _ENOUGH:
        connections = {one.row.upstream_local_address for one in case.failures}
        if _has_ended(case) and len(connections) >= 2 * _ENOUGH:
            words = (
                "new connections are accepted and then closed: something answers at the address, nothing drops or "
                "refuses"
            )
            yield Sighting(clue=Clue.ACCEPTED_THEN_CLOSED, words=words)
    if case.symptom is Symptom.CONNECT_TIMEOUT:
        hung = [one for one in _near(case) if case.scene.symptom(one) in _HANGS and _hung_on_it(one)]
        if hung:
            words = (
                f"{plural(len(hung), 'request')} on old connections hung at the same time: the whole way went silent"
            )
            yield Sighting(clue=Clue.OLD_ONES_HANG_TOO, words=words)
    silent = [one for one in near if case.scene.symptom(one) is Symptom.CONNECT_TIMEOUT]
    if case.symptom in (Symptom.CLIENT_LEFT, Symptom.TIMEOUT) and silent:
        words = f"{plural(len(silent), 'new connection')} to the same address got no answer either"
        yield Sighting(clue=Clue.NO_NEW_CONNECTIONS, words=words)


def _connections(case: Case, cut: Sequence[Failure]) -> float:
    """How many connections the proxy kept, by what those that broke had carried of all requests to their address.

    Users do not tell it: many share few connections where answers are quick. Infinite where none broke.
    """
    shares = [
        one.previous.served / known.successes
        for one in cut
        if one.previous is not None and (known := case.scene.addresses.get(one.row.upstream_host)) and known.successes
    ]
    in_use = sum(known.successes > 0 for name in case.addresses if (known := case.scene.addresses.get(name)))
    return max(1, in_use) / median(shares) if shares else math.inf


def _hung_on_it(failure: Failure) -> bool:
    """Whether it hung on an old connection from its beginning.

    One that served others meanwhile got the request later: as the last of several tries.
    """
    return failure.previous is not None and failure.previous.idle_s > 0


def _steady_users(failures: list[Failure]) -> set[str]:
    """The downstream connections that stayed through the failures, so that their upstream ones were old ones too."""
    counts = Counter(one.row.downstream_remote_address for one in failures if one.row.downstream_remote_address)
    return {user for user, count in counts.items() if count >= _STEADY}


def _is_shared(case: Case) -> bool:
    """HTTP/2: many users share a connection, so their number says nothing of how many there were to break."""
    return most(row.protocol.startswith("HTTP/2") for row in case.rows)


def _has_ended(case: Case) -> bool:
    """Whether no address of the case served again after it began to fail."""
    known = [one for name in case.addresses if (one := case.scene.addresses.get(name)) is not None]
    return bool(known) and all((one.last_success_s or 0.0) <= (one.first_failure_s or 0.0) + 0.5 for one in known)


def _had_served(case: Case) -> bool:
    known = [case.scene.addresses.get(name) for name in case.addresses]
    return any(one is not None and one.successes for one in known)


def _ejected(case: Case) -> Iterator[Sighting]:
    start = case.times[0] if case.times else None
    before = [
        failure
        for failure in case.scene.by_host.get(case.host, ())
        if case.scene.symptom(failure) in _BREAKS
        and (start is None or (failure.row.start_s or start) <= start)
        and (start is None or start - (failure.row.start_s or start) <= 10 * NEAR_S)
    ]
    if before:
        what = case.scene.symptom(before[-1]).value
        words = (
            f"just before, {plural(len(before), 'request')} to it failed ({what}): outlier detection may have "
            "ejected its hosts"
        )
        yield Sighting(clue=Clue.FAILED_BEFORE_EJECTION, words=words)


def _side_by_side(case: Case) -> Iterator[Sighting]:
    """Closed, refused, no host left, all at one service of the mesh: so a server looks that ends and starts."""
    if case.symptom not in _ENDINGS or not most(_is_of_mesh(row) for row in case.rows):
        return
    others = case.scene.by_host.get(case.host, ())
    seen = {case.scene.symptom(failure) for failure in others} & _ENDINGS
    if len(seen) >= 2:
        told = "; ".join(sorted(symptom.value for symptom in seen))
        yield Sighting(clue=Clue.SIDE_BY_SIDE, words=f"side by side at one service of the mesh: {told}")


def _is_of_mesh(row: Row) -> bool:
    return row.cluster.startswith("inbound") or is_mesh_name(cluster_host(row.cluster)) or not row.cluster


def _near(case: Case) -> Iterator[Failure]:
    if not case.times:
        return
    first, last = case.times[0] - NEAR_S, case.times[-1] + NEAR_S
    for failure in case.scene.by_host.get(case.host, ()):
        at = failure.row.start_s
        if at is not None and first <= at <= last:
            yield failure


def _is_same_address(case: Case, failure: Failure) -> bool:
    return failure.row.upstream_host in case.addresses


SEE = _see
