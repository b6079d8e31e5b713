"""Whether four countings of the same requests agree: the application's ledger, Envoy's log, its counters, the servers'.

A verdict from one ledger alone would be believed although that ledger was wrong. Where two of them contradict each
other the cell says so and proves nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from unstale.lab.evidence import Evidence


def disagreements(evidence: Evidence) -> tuple[str, ...]:
    """Every contradiction in words; none where all agree."""
    if evidence.is_opaque:
        return tuple(_with_the_servers(evidence))
    by_request = _by_request(evidence) if evidence.has_ids else _by_number(evidence)
    return (*_with_the_servers(evidence), *by_request, *_with_envoy(evidence))


def _by_number(evidence: Evidence) -> Iterator[str]:
    """The statuses of a ledger without ids: the log may have more of each, for it knows of answers cut at the end."""
    logged = Counter(status for statuses in evidence.logged.values() for status in statuses)
    got = Counter(request.status for request in evidence.requests if request.status)
    for status, number in got.items():
        if logged[status] < number:
            yield f"the application had {number} answers with status {status}, the log has {logged[status]}"


def _by_request(evidence: Evidence) -> Iterator[str]:
    unlike = [
        request
        for request in evidence.requests
        if request.status and request.status not in evidence.logged.get(request.id, ())
    ]
    if unlike:
        first = unlike[0]
        yield (
            f"{len(unlike)} requests have another status in the log than in the application's ledger, first "
            f"{first.id} ({first.status} and {evidence.logged.get(first.id, ())})"
        )
    known = {request.id for request in evidence.requests}
    strange = [request_id for request_id in evidence.logged if request_id not in known]
    if strange:
        yield f"the log has {len(strange)} requests that the application did not send, first {strange[0]}"


def _with_envoy(evidence: Evidence) -> Iterator[str]:
    envoy = evidence.counts.envoy
    if "downstream_rq_total" in envoy and envoy["downstream_rq_total"] != evidence.lines:
        yield f"Envoy counted {envoy['downstream_rq_total']} requests, its log has {evidence.lines}"


def _with_the_servers(evidence: Evidence) -> Iterator[str]:
    counts = evidence.counts
    succeeded = sum(request.is_ok for request in evidence.requests)
    served = sum(number for status, number in evidence.answered.items() if status is not None and status < 400)
    if served < succeeded:
        yield f"the application had {succeeded} answers, the servers gave {served}"
    sent = counts.envoy.get("upstream_rq_total")
    if not evidence.is_opaque and sent is not None and counts.attempts > sent:
        yield f"{counts.attempts} requests arrived at the servers, Envoy sent {sent}"
    opened = counts.envoy.get("upstream_cx_total")
    if opened is not None and counts.accepted > opened:
        yield f"{counts.accepted} connections arrived at the servers, Envoy opened {opened}"
    ran = sum(evidence.runs.values())
    if ran > counts.attempts:
        yield f"the servers ran {ran} requests, {counts.attempts} arrived"
