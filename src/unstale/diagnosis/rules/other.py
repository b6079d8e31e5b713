"""Something else: the client's own doing, a rule of the proxy, or what these logs do not show.

What it means
    The client went away or sent what no server takes (DC, DPE, IH, a header or body too large), a rule refused the
    request (RL, UAEX, FI), or the line says too little to name a cause.

How we know
    The flag or the detail says so itself: rate limits, external authorization, injected faults and broken requests
    have flags of their own. For the rest this is what remains when no other cause explains what is seen.

What to do
    `unstale explain FLAG` says what the flag means. Where nothing fits, give more: the whole log, the manifests,
    Envoy's /stats and /clusters."""

from __future__ import annotations

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Clue
from unstale.diagnosis.rule import Rule
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.weight import CLEAR, HINT, SOME

RULE = Rule(
    cause=Cause.OTHER,
    rates={
        Symptom.BROKEN: 0.03,
        Symptom.DECIDED_HERE: 0.95,
        Symptom.UNKNOWN: 0.70,
        Symptom.LOCAL_RESET: 0.55,
        Symptom.CLIENT_LEFT: 0.35,
        Symptom.OWN_ERROR: 0.04,
        Symptom.REMOTE_RESET: 0.36,
        Symptom.DRAINING: 0.05,
        Symptom.NO_ROUTE: 0.02,
        Symptom.NO_CHAIN: 0.05,
        Symptom.TERMINATION: 0.03,
        Symptom.TIMEOUT: 0.03,
        Symptom.UNREACHABLE: 0.03,
        Symptom.CONNECT_FAILURE: 0.05,
        Symptom.CONNECT_TIMEOUT: 0.02,
        Symptom.REFUSED: 0.03,
        Symptom.PROTOCOL_ERROR: 0.02,
        Symptom.TLS: 0.01,
        Symptom.OVERFLOW: 0.01,
        Symptom.NO_HEALTHY: 0.02,
        Symptom.DNS: 0.01,
        Symptom.STRANGE_ANSWER: 0.45,
    },
    weighs={
        Clue.LEFT_EARLY: CLEAR,
        Clue.ROUND_WAIT: -SOME,
        Clue.OLD_ONES_HANG_TOO: -SOME,
        Clue.NO_NEW_CONNECTIONS: -SOME,
        Clue.SERVER_IS_QUICK: -HINT,
    },
    settled_by={},
    scenarios=("calm",),
)
