"""The server itself answered with the error; the connection was good.

What it means
    The application, or a gateway in front of it, sent a 5xx (or a gRPC status) of its own. No connection failed, so
    nothing about connections will cure it, and retries multiply the load of a server that is in trouble already.

How we know
    `via_upstream` without a flag, or URX with `via_upstream` where it was retried in vain; an upstream service time;
    bodies of the server's own lengths. If the body has exactly the length of one of Envoy's texts, another Envoy made
    it.

What to do
    Read the server's log. If retries on 5xx are configured, count what they add to its load, and what runs twice.
"""

from __future__ import annotations

from unstale.diagnosis.case import Case
from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Clue
from unstale.diagnosis.rule import Need, Rule
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.weight import CLEAR, DECISIVE, HINT, SOME, STRONG


def _adjust(case: Case) -> float:
    """A body of Envoy's length is no proof that Envoy wrote it: a server's own may be as long."""
    is_answer = bool(case.rows) and all(row.details == "via_upstream" for row in case.rows)
    return 3 * SOME + HINT if is_answer and case.symptom is not Symptom.OWN_ERROR else 0.0


RULE = Rule(
    cause=Cause.UPSTREAM_OWN_5XX,
    rates={
        Symptom.OWN_ERROR: 0.93,
        Symptom.NO_HEALTHY: 0.02,
        Symptom.UNKNOWN: 0.05,
    },
    weighs={
        Clue.BEHIND_ANSWERED: DECISIVE,
        Clue.VARIED_ANSWERS: CLEAR,
        Clue.NEXT_HOP: -CLEAR,
        Clue.NEXT_HOP_PERHAPS: -HINT,
        Clue.BEHIND_FAILED: -STRONG,
    },
    settled_by={
        Need.SERVER: "the server's own log of the same request id",
    },
    scenarios=("own-503",),
    adjust=_adjust,
)
