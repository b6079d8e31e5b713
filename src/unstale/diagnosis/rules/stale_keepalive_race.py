"""The server closed a kept connection at the very moment at which a request was sent on it.

What it means
    Servers close connections that have been idle for their keep-alive time-out: Node after 5 s, an AWS load balancer
    after 60 s, nginx after 75 s. The proxy keeps them longer, an hour by default. When the server's FIN and the next
    request cross, the request is lost with the connection, although the server is well and nothing has changed.

How we know
    The connection had served before and then lay idle; the idle times before such failures sit just above one value,
    the server's time-out. The failure shows at once, the same address serves before and after it, and most requests
    at the same time go well. A first request on a fresh connection cannot lose this race, nor can one that failed
    while the connection was busy.

What to do
    Let the proxy give connections up first: `connectionPool.http.idleTimeout` of a DestinationRule below the server's
    time-out. Retry requests that may run twice on `reset`; for the others raise the server's time-out above the
    proxy's.
"""

from __future__ import annotations

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Clue
from unstale.diagnosis.rule import Need, Rule
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.weight import CLEAR, DECISIVE, HINT, SOME, STRONG

RULE = Rule(
    cause=Cause.STALE_KEEPALIVE_RACE,
    rates={
        Symptom.BROKEN: 0.28,
        Symptom.TERMINATION: 0.36,
        Symptom.REMOTE_RESET: 0.12,
        Symptom.UNKNOWN: 0.03,
    },
    weighs={
        Clue.GAPS_AT_ONE_VALUE: STRONG,
        Clue.AGES_AT_ONE_VALUE: STRONG,
        Clue.AGES_ALIKE: CLEAR,
        Clue.REUSED_AFTER_IDLE: SOME,
        Clue.SPORADIC: SOME,
        Clue.ADDRESS_SERVES_ON: CLEAR,
        Clue.IDLE_LIMIT_ABOVE_GAP: SOME,
        Clue.IN_DNS: HINT,
        Clue.DNS_STEADY: HINT,
        Clue.AT_ONCE: HINT,
        Clue.INBOUND: HINT,
        Clue.STAT_CUT_WITH_REQUEST: HINT,
        Clue.NEVER_LONG_IDLE: HINT,
        Clue.LONG_IDLE: -CLEAR,
        Clue.FRESH_CONNECTION: -DECISIVE,
        Clue.REUSED_WHILE_BUSY: -STRONG,
        Clue.NOT_IN_DNS: -STRONG,
        Clue.DNS_MOVED: -CLEAR,
        Clue.ADDRESS_LOST_OTHERS_SERVE: -STRONG,
        Clue.TURNED_OVER: -CLEAR,
        Clue.NEW_ADDRESSES: -SOME,
        Clue.ADDRESS_LOST: -STRONG,
        Clue.ADDRESS_LOST_SIBLINGS_SERVE: -CLEAR,
        Clue.OTHERS_ANSWER: -CLEAR,
        Clue.CLOSED_IN_PEACE: -CLEAR,
        Clue.NEVER_SERVED: -STRONG,
        Clue.PERSISTENT: -STRONG,
        Clue.ALL_AT_ONCE: -SOME,
        Clue.ROUND_WAIT: -STRONG,
        Clue.ODD_WAIT: -STRONG,
        Clue.SIDE_BY_SIDE: -SOME,
        Clue.CUT_THEN_REFUSED: -DECISIVE,
        Clue.OPAQUE_RESET: -STRONG,
        Clue.CUT_TOGETHER: -STRONG,
        Clue.CUT_IN_FLIGHT: -STRONG,
        Clue.ENDED_ALONE: -STRONG,
        Clue.FAILS_IN_WAVES: -STRONG,
        Clue.STEADY_BEAT: -SOME,
        Clue.HELD_UP: -CLEAR,
        Clue.SEVERAL_AT_ONCE: -SOME,
        Clue.PLAIN_TO_TLS_PORT: -STRONG,
        Clue.HTTP_TO_TLS_PORT: -HINT,
        Clue.RETRIED_IN_VAIN: -SOME,
        Clue.IDLE_LIMIT_BELOW_GAP: -CLEAR,
        Clue.BURST: -CLEAR,
        Clue.UPLOAD: -HINT,
        Clue.DRAINING_NEAR: -SOME,
        Clue.HBONE: -HINT,
        Clue.BEHIND_ANSWERED: -STRONG,
    },
    settled_by={
        Need.HISTORY: (
            "log lines from before the failure: how long was the connection idle, and is it always the same time?"
        ),
        Need.SERVER: "the server's keep-alive time-out, beside the idle times before the failures",
        Need.PROXY: "Envoy's /stats (--stats): upstream_cx_destroy_remote_with_active_rq counts these",
        Need.PACKETS: "a packet capture: here the server's FIN arrives within a moment of the request",
    },
    scenarios=("idle-race", "server-max-age"),
    next=("unstale fix --host {host}",),
)
