"""The server broke off or broke the protocol while it answered.

What it means
    The application took the request and then crashed, cut the connection, reset the stream, or sent an answer that is
    no valid HTTP (two lengths, a bad header, a body shorter than announced). The connection was good; what the server
    did with it was not, and it may have run the request.

How we know
    UPE with a body of 87 bytes, UR, a reset after the answer had begun; or a closed connection in the middle of
    traffic, with no idle time before it, at an address that serves other requests all the while. Only the hop next
    to the server has the flag; the others show its 502 or 503 as `via_upstream`.

What to do
    Read the server's log at that time: a crash, a killed worker, a limit on requests. Call it without the proxy and
    compare. Do not retry what may not run twice."""

from __future__ import annotations

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Clue
from unstale.diagnosis.rule import Need, Rule
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.weight import CLEAR, HINT, SOME, STRONG

RULE = Rule(
    cause=Cause.UPSTREAM_PROTOCOL_ERROR,
    rates={
        Symptom.BROKEN: 0.03,
        Symptom.PROTOCOL_ERROR: 0.66,
        Symptom.REMOTE_RESET: 0.27,
        Symptom.TERMINATION: 0.08,
        Symptom.UNKNOWN: 0.03,
    },
    weighs={
        Clue.REUSED_WHILE_BUSY: CLEAR,
        Clue.BROKEN_ANSWER: CLEAR,
        Clue.WORKED_FIRST: SOME,
        Clue.ADDRESS_SERVES_ON: CLEAR,
        Clue.SPORADIC: SOME,
        Clue.IN_DNS: HINT,
        Clue.DNS_STEADY: HINT,
        Clue.STAT_PROTOCOL: SOME,
        Clue.INBOUND: HINT,
        Clue.UPLOAD: HINT,
        Clue.ODD_WAIT: SOME,
        Clue.NOT_HTTP_AT_ALL: -CLEAR,
        Clue.GAPS_AT_ONE_VALUE: -STRONG,
        Clue.AGES_AT_ONE_VALUE: -STRONG,
        Clue.AGES_ALIKE: -CLEAR,
        Clue.REUSED_AFTER_IDLE: -CLEAR,
        Clue.NOT_IN_DNS: -STRONG,
        Clue.DNS_MOVED: -CLEAR,
        Clue.OTHERS_ANSWER: -SOME,
        Clue.ADDRESS_LOST_SIBLINGS_SERVE: -SOME,
        Clue.NEW_ADDRESSES: -SOME,
        Clue.ADDRESS_LOST: -CLEAR,
        Clue.ADDRESS_LOST_OTHERS_SERVE: -CLEAR,
        Clue.CUT_THEN_REFUSED: -STRONG,
        Clue.PLAIN_TO_TLS_PORT: -STRONG,
        Clue.HTTP_TO_TLS_PORT: -SOME,
        Clue.ROUND_WAIT: -SOME,
        Clue.PASSTHROUGH_PRIVATE: -HINT,
        Clue.BURST: -HINT,
        Clue.OPAQUE_RESET: -SOME,
        Clue.CUT_TOGETHER: -CLEAR,
        Clue.CUT_IN_FLIGHT: -CLEAR,
        Clue.ENDED_ALONE: -STRONG,
        Clue.FAILS_IN_WAVES: -CLEAR,
        Clue.STEADY_BEAT: -CLEAR,
        Clue.HELD_UP: -STRONG,
        Clue.SEVERAL_AT_ONCE: -CLEAR,
        Clue.HBONE: -SOME,
    },
    settled_by={
        Need.SERVER: "the server's own log of the same request: did it crash, cut, or answer something odd?",
        Need.HISTORY: (
            "the log around it: was the connection busy, and does the address serve other requests meanwhile?"
        ),
        Need.PACKETS: "the raw answer (curl --http1.1 -v without the proxy): its status line, headers and length",
    },
    scenarios=("runs-then-cuts",),
)
