"""From evidence to a cell: the counts, the recovery, and the one sentence that says what happened.

Counting is by the application's ledger: a request failed if its application got no answer or an error. The reason
comes from the sidecar's log where that has the request, else from the application.
"""

from __future__ import annotations

import bisect
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from unstale.lab.agreement import disagreements
from unstale.lab.evidence import Evidence
from unstale.lab.ledger import Request, executed_twice
from unstale.lab.scenario import Bounds, Least
from unstale.model.experiment import Actor, Bound, Bucket, Cell, Failure, HostChange, Latency

BUCKET_S = 0.25
FIRST_FAILURES = 5
TOO_LATE_MS = 50.0
"""A load generator later than this (p99) tells more of the machine than of the policy."""


HISTOGRAM_MS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, math.inf)
"""Upper limits of the latency histogram, milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Which cell is judged, what its scenario expects of it and says that nobody can avoid."""

    scenario: str
    policy: str
    method: str
    app: str = ""
    bounds: Bounds | None = None
    least: Least | None = None
    conditions: tuple[str, ...] = ()


def judge(case: Case, evidence: Evidence, changes: tuple[HostChange, ...]) -> Cell:
    """The cell that the evidence amounts to."""
    requests = evidence.requests
    method = case.method
    failed = [request for request in requests if not request.is_ok]
    reasons = Counter(reason(request, evidence) for request in failed)
    twice = executed_twice(evidence.runs)
    recovery_s = recovery(requests)
    counts = evidence.counts
    return Cell(
        scenario=case.scenario,
        policy=case.policy,
        method=method,
        app=case.app,
        requests=len(requests),
        ok=len(requests) - len(failed),
        failed=len(failed),
        failures=dict(reasons.most_common()),
        executed_twice=twice,
        executions=sum(evidence.runs.values()),
        latency_ms=latency(requests if evidence.has_ids else ()),
        recovery_s=recovery_s,
        upstream_connections=counts.envoy.get("upstream_cx_total", 0),
        late_ms=1000 * quantile([request.late_s for request in requests], 0.99),
        host_changes=changes,
        events=evidence.events,
        timeline=timeline(requests, evidence.start),
        bucket_s=BUCKET_S,
        first_failures=tuple(_failure(request, evidence) for request in _by_end(failed)[:FIRST_FAILURES]),
        sentence=_sentence(method, evidence, failed, reasons, twice, recovery_s),
        log=str(evidence.folder),
        since_s=min(request.due for request in failed) - evidence.start if failed else None,
        until_s=max(request.ended for request in failed) - evidence.start if failed else None,
        retries=counts.envoy.get("upstream_rq_retry", 0),
        amplification=counts.attempts / len(requests) if requests else 1.0,
        memory_bytes=counts.memory_bytes,
        bound=bound(case.least, len(requests)),
        expectation=expectation(case.bounds, len(requests), len(failed), twice),
        disagreements=disagreements(evidence),
        histogram=histogram(requests) if evidence.has_ids else (),
        conditions=case.conditions,
    )


def expectation(bounds: Bounds | None, count: int, failed: int, twice: int) -> str:
    """`met`, how it was missed, or nothing where nothing is expected."""
    if bounds is None or not count:
        return ""
    missed = [
        f"{what} {value} of {count}, expected {_share(least)} to {_share(most)}"
        for what, value, (least, most) in (("failed", failed, bounds.failed), ("executed twice", twice, bounds.twice))
        if not least <= value / count <= most
    ]
    return "; ".join(missed) or "met"


def bound(least: Least | None, count: int) -> Bound | None:
    """What nobody can avoid, in requests of this cell, rounded up."""
    if least is None:
        return None
    return Bound(failed=math.ceil(least.failed * count), executed_twice=math.ceil(least.twice * count), why=least.why)


def histogram(requests: Sequence[Request]) -> tuple[tuple[float, int], ...]:
    """Upper limit in milliseconds and the number of requests that ended well below it and not below the one before."""
    counts = [0] * len(HISTOGRAM_MS)
    for request in requests:
        if request.is_ok:
            counts[bisect.bisect_left(HISTOGRAM_MS, 1000 * (request.ended - request.due))] += 1
    return tuple(zip(HISTOGRAM_MS, counts, strict=True))


def _share(share: float) -> str:
    return f"{100 * share:g} %"


def reason(request: Request, evidence: Evidence) -> str:
    """Why a request failed, e.g. `503 UC connection_termination`, or in the application's words where it gave up."""
    if not evidence.has_ids:
        return request.error or str(request.status)
    row = evidence.rows.get(request.id)
    if row is not None and request.status and (row.flags or not request.error):
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
    # A reason in a library's own words may be a sentence already.
    return "; ".join(part for part in parts if part).removesuffix(".") + "."


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
