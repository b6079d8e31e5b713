"""Who answered: this proxy, the server, or another Envoy one hop on; and what the hop behind this one logged.

A 5xx `via_upstream` whose body has the length of one of Envoy's texts was made by another Envoy: its words, not the
server's. Where the logs hold both hops of a request, only the last of them knows.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.accesslog.result import Failure
from unstale.diagnosis.body import body_reason, is_telling
from unstale.diagnosis.case import Case, most
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.symptom import Symptom, is_from_next_hop
from unstale.diagnosis.words import listed


def _see(case: Case) -> Iterator[Sighting]:
    lengths = {row.bytes_sent for row in case.rows if is_from_next_hop(row)}
    if most(is_from_next_hop(row) for row in case.rows) and len(lengths) <= 2:
        length = max(lengths)
        words = f'via_upstream, yet the body has the {length} bytes of Envoy\'s own "{body_reason(length)}"'
        clue = Clue.NEXT_HOP if is_telling(length) else Clue.NEXT_HOP_PERHAPS
        yield Sighting(clue=clue, words=f"{words}: another Envoy one hop on made it")
    if case.symptom is Symptom.OWN_ERROR and len({row.bytes_sent for row in case.rows}) >= 3:
        words = "the bodies have different lengths: a server wrote them, Envoy's are always the same"
        yield Sighting(clue=Clue.VARIED_ANSWERS, words=words)
    yield from _behind(case)


def _behind(case: Case) -> Iterator[Sighting]:
    behind = [found for failure in case.failures if (found := hop_behind(case, failure)) is not None]
    if not behind:
        return
    symptoms = [case.scene.symptom(failure) for failure in behind]
    if most(symptom is Symptom.OWN_ERROR for symptom in symptoms):
        words = "the next hop logged the same request: the application itself answered with the error"
        yield Sighting(clue=Clue.BEHIND_ANSWERED, words=words)
    elif case.symptom is not Symptom.OWN_ERROR or not most(symptom is case.symptom for symptom in symptoms):
        told = listed(sorted({symptom.value for symptom in symptoms}))
        yield Sighting(clue=Clue.BEHIND_FAILED, words=f"the next hop logged the same request: {told}")


def hop_behind(case: Case, failure: Failure) -> Failure | None:
    """The failing row of the same request at the proxy that this one called, where the logs hold it."""
    row = failure.row
    if not row.request_id:
        return None
    for other in case.scene.by_request.get(row.request_id, ()):
        if other is failure or other.row.line == row.line:
            continue
        is_called = (
            bool(row.upstream_local_address) and other.row.downstream_remote_address == row.upstream_local_address
        )
        if is_called or (other.row.cluster.startswith("inbound") and not row.cluster.startswith("inbound")):
            return other
    return None


SEE = _see
