"""Nobody listens at the address and port that was dialled.

What it means
    The packet arrived and was answered with a reset: the host is there, the port is not open. The application is not
    up yet or listens on another port or on localhost only; the gateway that was called has no listener for the port;
    the ServiceEntry or Service names the wrong port.

How we know
    UF within a millisecond or two, with errno 111 or `Connection refused`. It never worked, or not since the start of
    the log. Behind ambient's tunnel a refused connection shows as a closed one (UC). What was well, then was refused
    at several addresses in the same second, is rather a firewall or a load balancer that moved.

What to do
    Compare the port of the upstream host with what the server listens on (`ss -ltn` in its pod), and the `targetPort`.
    Bind to 0.0.0.0, not to 127.0.0.1. At a gateway look for the Gateway and VirtualService of that port.
"""

from __future__ import annotations

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Clue
from unstale.diagnosis.rule import Need, Rule
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.weight import CLEAR, HINT, SOME, STRONG

RULE = Rule(
    cause=Cause.CONNECT_REFUSED,
    rates={
        Symptom.BROKEN: 0.18,
        Symptom.REFUSED: 0.62,
        Symptom.UNREACHABLE: 0.18,
        Symptom.CONNECT_FAILURE: 0.35,
        Symptom.TERMINATION: 0.03,
        Symptom.UNKNOWN: 0.03,
    },
    weighs={
        Clue.INBOUND: SOME,
        Clue.NEVER_SERVED: CLEAR,
        Clue.MESH_SERVICE: HINT,
        Clue.AT_ONCE: HINT,
        Clue.HBONE: STRONG,
        Clue.ONE_OF_SEVERAL: CLEAR,
        Clue.VIRTUAL_ADDRESS: -SOME,
        Clue.IN_DNS: HINT,
        Clue.STAT_CONNECT_FAIL: HINT,
        Clue.CUT_THEN_REFUSED: -CLEAR,
        Clue.ALL_AT_ONCE: -CLEAR,
        Clue.ADDRESS_LOST_OTHERS_SERVE: -CLEAR,
        Clue.ADDRESS_LOST: -CLEAR,
        Clue.CLOSED_IN_PEACE: -HINT,
        Clue.HEALED: -SOME,
        Clue.REOPENED: -CLEAR,
        Clue.RESTARTED_IN_TURN: -CLEAR,
        Clue.FAILS_IN_WAVES: -CLEAR,
        Clue.NOT_IN_DNS: -STRONG,
        Clue.DNS_MOVED: -CLEAR,
        Clue.OTHER_HOSTS_TOO: -CLEAR,
        Clue.TOO_NEAR: -HINT,
        Clue.PASSTHROUGH_EXTERNAL: -SOME,
        Clue.BURST: -HINT,
        Clue.HANDSHAKE_TIME: -CLEAR,
        Clue.REUSED_CONNECTION: -HINT,
        Clue.PLAIN_TO_TLS_PORT: -SOME,
        Clue.NEXT_HOP: -HINT,
    },
    settled_by={
        Need.SERVER: "what listens on that port at that address now (ss -ltn in the pod, or a plain TCP connect to it)",
        Need.HISTORY: "the log from before: did the address ever accept a connection?",
    },
    scenarios=("nobody-listens",),
)
