"""From evidence to a cell: the counts, the recovery, and the one sentence that says what happened.

Counting is by the application's ledger: a request failed if its application got no answer or an error. The reason
comes from the sidecar's log where that has the request, else from the application.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from unstale.lab.evidence import Evidence
from unstale.lab.ledger import Request, executed_twice
from unstale.model.experiment import Actor, Bucket, Cell, Failure, HostChange, Latency

BUCKET_S = 0.25
FIRST_FAILURES = 5
TOO_LATE_MS = 50.0
"""A load generator later than this (p99) tells more of the machine than of the policy."""


def judge(scenario: str, policy: str, method: str, evidence: Evidence, changes: tuple[HostChange, ...]) -> Cell:
    """The cell that the evidence amounts to."""
    requests = evidence.requests
    failed = [request for request in requests if not request.is_ok]
    reasons = Counter(reason(request, evidence) for request in failed)
    twice = executed_twice(evidence.executions)
    recovery_s = recovery(requests)
    return Cell(
        scenario=scenario,
        policy=policy,
        method=method,
        requests=len(requests),
        ok=len(requests) - len(failed),
        failed=len(failed),
        failures=dict(reasons.most_common()),
        executed_twice=twice,
        executions=len(evidence.executions),
        latency_ms=latency(requests),
        recovery_s=recovery_s,
        upstream_connections=evidence.counters.get("upstream_cx_total", 0),
        late_ms=1000 * quantile([request.late_s for request in requests], 0.99),
        host_changes=changes,
        events=evidence.events,
        timeline=timeline(requests, evidence.start),
        bucket_s=BUCKET_S,
        first_failures=tuple(_failure(request, evidence) for request in _by_end(failed)[:FIRST_FAILURES]),
        sentence=_sentence(method, evidence, failed, reasons, twice, recovery_s),
        log=str(evidence.folder),
    )


def reason(request: Request, evidence: Evidence) -> str:
    """Why a request failed, e.g. `503 UC connection_termination`, or in the application's words where it gave up."""
    row = evidence.rows.get(request.id)
    if row is not None and request.status:
        return row.label
    return request.error or f"{request.status} without a line in the sidecar's log"


def recovery(requests: Sequence[Request]) -> float | None:
    """Seconds from when the first request that failed was due to the first success after the last failure.

    0 where nothing failed, None where no success came after.
    """
    failed = [request for request in requests if not request.is_ok]
    if not failed:
        return 0.0
    last = max(request.ended for request in failed)
    after = [request.ended for request in requests if request.is_ok and request.ended > last]
    return min(after) - min(request.due for request in failed) if after else None


def latency(requests: Sequence[Request]) -> Latency:
    """Milliseconds from due to end, over the requests that ended well."""
    took = [1000 * (request.ended - request.due) for request in requests if request.is_ok]
    if not took:
        return Latency(p50=None, p99=None, max=None)
    return Latency(p50=quantile(took, 0.5), p99=quantile(took, 0.99), max=max(took))


def timeline(requests: Sequence[Request], start: float) -> tuple[Bucket, ...]:
    """How many requests ended well and badly in each slice of BUCKET_S, from the start to the last end."""
    ok: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    for request in requests:
        (ok if request.is_ok else failed)[max(0, int((request.ended - start) / BUCKET_S))] += 1
    last = max((*ok, *failed), default=-1)
    return tuple(Bucket(start_s=at * BUCKET_S, ok=ok[at], failed=failed[at]) for at in range(last + 1))


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of `values` do not exceed; 0 for none."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)] if ordered else 0.0


def _by_end(requests: Sequence[Request]) -> list[Request]:
    return sorted(requests, key=lambda request: request.ended)


def _failure(request: Request, evidence: Evidence) -> Failure:
    row = evidence.rows.get(request.id)
    return Failure(
        at_s=request.ended - evidence.start,
        request_id=request.id,
        reason=reason(request, evidence),
        body_bytes=request.body_bytes,
        line=row.line if row else "",
    )


def _sentence(
    method: str,
    evidence: Evidence,
    failed: Sequence[Request],
    reasons: Counter[str],
    twice: int,
    recovery_s: float | None,
) -> str:
    count = len(evidence.requests)
    if not count:
        return "No request was due."
    parts = [_fate(method, count, failed, reasons, recovery_s, evidence)]
    if twice:
        parts.append(f"{twice} {method}s ran more than once on the server")
    elif not failed:
        parts.append(_calm_words(evidence))
    return "; ".join(part for part in parts if part) + "."


def _fate(
    method: str,
    count: int,
    failed: Sequence[Request],
    reasons: Counter[str],
    recovery_s: float | None,
    evidence: Evidence,
) -> str:
    if not failed:
        return f"All {count} {method}s succeeded"
    first_s = min(request.due for request in failed) - evidence.start
    (main, main_count), *others = reasons.most_common()
    why = f"{main}" if not others else f"mostly {main} ({main_count})"
    until = "to the end" if recovery_s is None else f"for {recovery_s:.1f} s"
    return f"{len(failed)} of {count} {method}s failed, from {first_s:.1f} s {until}: {why}"


def _calm_words(evidence: Evidence) -> str:
    slowest = max(evidence.requests, key=lambda request: request.ended - request.due)
    waited_s = slowest.ended - slowest.due
    moved = next((event for event in evidence.events if event.actor is Actor.DNS and event.at_s >= 0), None)
    words = f"the slowest took {waited_s:.1f} s" if waited_s >= 0.1 else f"the slowest took {1000 * waited_s:.0f} ms"
    followed = _followed(evidence) if moved else ""
    return f"{words}{followed}"


def _followed(evidence: Evidence) -> str:
    moved = [event.at_s for event in evidence.events if event.actor is Actor.DNS and event.at_s >= 0]
    used = [event.at_s for event in evidence.events if event.actor is Actor.SIDECAR and event.at_s > moved[0]]
    return f", and the sidecar followed DNS {used[0] - moved[0]:.1f} s after it moved" if used else ""
