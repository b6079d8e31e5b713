"""Both sides speak HTTP, but not the same version, or what one of them speaks is no HTTP at all.

What it means
    The proxy talks HTTP/2 to a server that knows HTTP/1 only (a port named grpc or http2, or an upgrade policy), or
    HTTP/1 to one that wants HTTP/2; or the port is declared HTTP and carries something else.

How we know
    It fails every time and from the first request on, on a fresh connection, with a protocol error (UPE) or, before
    Envoy had that flag, with a closed connection. Errors such as `HPE_INVALID_CONSTANT` show that what came back was no
    HTTP. A server that answers well and breaks the protocol now and then is another cause.

What to do
    Name the port for what it carries (`http`, `http2`, `grpc`, `tcp`), or set `appProtocol`; in a ServiceEntry set
    `protocol`. Remove `h2UpgradePolicy: UPGRADE` for servers that only know HTTP/1.
"""

from __future__ import annotations

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Clue
from unstale.diagnosis.rule import Need, Rule
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.weight import CLEAR, HINT, SOME, STRONG

RULE = Rule(
    cause=Cause.PROTOCOL_MISMATCH,
    rates={
        Symptom.BROKEN: 0.05,
        Symptom.PROTOCOL_ERROR: 0.28,
        Symptom.TERMINATION: 0.05,
        Symptom.REMOTE_RESET: 0.10,
        Symptom.TLS: 0.06,
        Symptom.UNKNOWN: 0.03,
    },
    weighs={
        Clue.NOT_HTTP_AT_ALL: STRONG,
        Clue.NO_TLS_ANSWER: CLEAR,
        Clue.HTTP2: CLEAR,
        Clue.NEVER_SERVED: CLEAR,
        Clue.PERSISTENT: SOME,
        Clue.FRESH_CONNECTION: SOME,
        Clue.RETRIED_IN_VAIN: HINT,
        Clue.AT_ONCE: HINT,
        Clue.STAT_PROTOCOL: SOME,
        Clue.BROKEN_ANSWER: -CLEAR,
        Clue.WORKED_FIRST: -CLEAR,
        Clue.REUSED_CONNECTION: -CLEAR,
        Clue.ADDRESS_SERVES_ON: -STRONG,
        Clue.OTHERS_ANSWER: -SOME,
        Clue.ADDRESS_LOST_SIBLINGS_SERVE: -SOME,
        Clue.ADDRESS_LOST: -STRONG,
        Clue.ADDRESS_LOST_OTHERS_SERVE: -STRONG,
        Clue.SPORADIC: -STRONG,
        Clue.PASSTHROUGH_EXTERNAL: -SOME,
        Clue.PLAIN_TO_TLS_PORT: -CLEAR,
        Clue.HTTP_TO_TLS_PORT: -HINT,
        Clue.ROUND_WAIT: -CLEAR,
        Clue.ODD_WAIT: -CLEAR,
        Clue.INBOUND: -HINT,
        Clue.CUT_THEN_REFUSED: -STRONG,
        Clue.HBONE: -SOME,
        Clue.NEXT_HOP: -HINT,
    },
    settled_by={
        Need.SERVER: (
            "what the server speaks on that port (curl --http1.1 and curl --http2-prior-knowledge from the pod)"
        ),
        Need.MANIFESTS: "the port's name and protocol, and h2UpgradePolicy of its DestinationRule (-f)",
    },
    scenarios=("h2-to-h1",),
    next=("unstale lint manifests/",),
)
