"""A limit of the proxy's own was reached, and the request was not even sent.

What it means
    A circuit breaker of the cluster is full: `maxConnections`, `http1MaxPendingRequests`, `http2MaxRequests`,
    `maxRetries` or the retry budget of a DestinationRule. Or Envoy's overload manager sheds load. The server may be
    well; often it has become slow, so that more requests wait than the limit allows.

How we know
    UO, `overflow`, a body of 81 bytes. Envoy sets this flag for nothing else.

What to do
    Compare the limit with requests a second times their duration. Raise the limit where it was guessed; where the
    server became slow, find out why first: the limit does what it is for.
"""

from __future__ import annotations

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Clue
from unstale.diagnosis.rule import Need, Rule
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.weight import CLEAR

RULE = Rule(
    cause=Cause.OVERFLOW,
    rates={
        Symptom.OVERFLOW: 0.97,
        Symptom.LOCAL_RESET: 0.08,
    },
    weighs={Clue.STAT_OVERFLOW: CLEAR},
    settled_by={
        Need.PROXY: (
            "Envoy's /stats (--stats): which of upstream_rq_pending_overflow, upstream_cx_overflow and "
            "upstream_rq_retry_overflow counts?"
        ),
        Need.MANIFESTS: "the limits of the host's DestinationRule (-f)",
    },
    scenarios=("overflow",),
)
