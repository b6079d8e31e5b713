"""The server took the request and did not answer in time.

What it means
    The route's or a try's time-out ran out (UT, 504), a stream was silent for the idle time-out (SI, five minutes by
    default), the client lost patience first (DC), or a limit of the server itself cut the connection after a round
    time, which Envoy logs as UC.

How we know
    The duration is that time-out. Requests that go well at the same time are slow too. Where they are quick, and only
    requests on old connections hang, a firewall that dropped the connection is likelier.

What to do
    Find out why the server is slow. Set `timeout` above what its slow requests need, `perTryTimeout` so that the
    tries fit into it, and for long polling or streaming raise the idle time-outs of every hop."""

from __future__ import annotations

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Clue
from unstale.diagnosis.rule import Need, Rule
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.weight import CLEAR, HINT, SOME, STRONG

RULE = Rule(
    cause=Cause.UPSTREAM_TIMEOUT,
    rates={
        Symptom.TIMEOUT: 0.78,
        Symptom.CLIENT_LEFT: 0.35,
        Symptom.TERMINATION: 0.05,
        Symptom.REMOTE_RESET: 0.08,
        Symptom.UNKNOWN: 0.03,
    },
    weighs={
        Clue.SERVER_IS_SLOW: CLEAR,
        Clue.ROUND_WAIT: CLEAR,
        Clue.ODD_WAIT: HINT,
        Clue.FRESH_CONNECTION: SOME,
        Clue.HUNG_WHEN_FRESH: CLEAR,
        Clue.ADDRESS_LOST_SIBLINGS_SERVE: CLEAR,
        Clue.STAT_TIMEOUT: SOME,
        Clue.INBOUND: SOME,
        Clue.NEVER_SERVED: HINT,
        Clue.PERSISTENT: HINT,
        Clue.AT_ONCE: -STRONG,
        Clue.LEFT_EARLY: -CLEAR,
        Clue.NEW_CONNECTIONS_WORK: -CLEAR,
        Clue.SERVER_IS_QUICK: -SOME,
        Clue.RESCUED_BY_RETRY: -SOME,
        Clue.LONG_IDLE: -CLEAR,
        Clue.HUNG_AFTER_IDLE: -SOME,
        Clue.NO_NEW_CONNECTIONS: -STRONG,
        Clue.NOT_IN_DNS: -STRONG,
        Clue.ADDRESS_LOST_OTHERS_SERVE: -CLEAR,
        Clue.TURNED_OVER: -CLEAR,
        Clue.GAPS_AT_ONE_VALUE: -SOME,
        Clue.PLAIN_TO_TLS_PORT: -SOME,
        Clue.CONNECT_CALL: -CLEAR,
    },
    settled_by={
        Need.SERVER: "the server's own log of the same request: did it arrive, and how long did it take there?",
        Need.HISTORY: "the log around it: were requests that went well slow too, and did new connections hang?",
        Need.PROXY: "Envoy's /stats (--stats): upstream_rq_timeout and upstream_rq_per_try_timeout",
    },
    scenarios=("stalls",),
)
