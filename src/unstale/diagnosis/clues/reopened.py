"""Do new connections to an address carry answers again after others to it were cut or refused?

Of a bare TCP or TLS connection there is one row, and a connection that served for a while and was then cut is a failure
all the same: the address has no success. But who has left a service lets nobody in any more. A connection that was made
after the first failure and on which the server answered shows that it is still there.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.accesslog.row import Row
from unstale.diagnosis.case import Case, has_carried, moment_of
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.words import listed, part

_CUT = frozenset({Symptom.REMOTE_RESET, Symptom.TERMINATION})
_CONCERNED = _CUT | {Symptom.REFUSED}


def _see(case: Case) -> Iterator[Sighting]:
    if case.symptom not in _CONCERNED or not case.is_opaque:
        return
    carried = [one.row for one in case.scene.by_host.get(case.host, case.failures) if has_carried(one.row)]
    again = [address for address in case.addresses if _is_served_again(case, address, carried)]
    if len(again) * 2 > len(case.addresses):
        words = (
            f"after the first failure {listed(again)} ({part(len(again), len(case.addresses))}) answered on new "
            "connections"
        )
        yield Sighting(clue=Clue.REOPENED, words=words)


def _is_served_again(case: Case, address: str, carried: list[Row]) -> bool:
    """Whether a connection to the address began before the first failure there and one after it, and both carried."""
    rows = [row for row in (*case.rows, *carried) if row.upstream_host == address]
    first = min((moment for row in rows if (moment := moment_of(row)) is not None), default=None)
    known = case.scene.addresses.get(address)
    if first is None or known is None:
        return False
    begun = [row.start_s or 0.0 for row in carried if row.upstream_host == address]
    begun += [time for time in (known.first_success_s, known.last_success_s) if time is not None]
    return bool(begun) and min(begun) < first < max(begun)


SEE = _see
