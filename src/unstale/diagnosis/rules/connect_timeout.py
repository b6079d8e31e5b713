"""Connections to the address get no answer at all.

What it means
    The first packet vanishes: a NetworkPolicy, security group or firewall rule that drops, a route that leads
    nowhere, a node or pod that is gone, an overlay network that is broken, or a path so slow that TCP and TLS take
    longer than the connect time-out.

How we know
    UF after a whole number of connect time-outs (Istio's default is 10 s; several tries add up), reason
    `connection_timeout`, or `No route to host` after some 3 s of asking for the neighbour. It fails from the first
    request on. Where it worked before and broke for all at once, a firewall or a moved load balancer is likelier.

What to do
    Try a plain TCP connect from the pod, with and without the sidecar. Lower `connectTimeout` to a second or two, so
    that a dead address costs little and retries find another; raise it only where successes take nearly as long."""

from __future__ import annotations

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Clue
from unstale.diagnosis.rule import Need, Rule
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.weight import CLEAR, HINT, SOME, STRONG

RULE = Rule(
    cause=Cause.CONNECT_TIMEOUT,
    rates={
        Symptom.BROKEN: 0.06,
        Symptom.CONNECT_TIMEOUT: 0.58,
        Symptom.UNREACHABLE: 0.22,
        Symptom.CONNECT_FAILURE: 0.10,
        Symptom.TIMEOUT: 0.03,
        Symptom.CLIENT_LEFT: 0.05,
    },
    weighs={
        Clue.CONNECT_WAIT: HINT,
        Clue.NEVER_SERVED: CLEAR,
        Clue.NO_NEW_CONNECTIONS: CLEAR,
        Clue.ONE_OF_SEVERAL: CLEAR,
        Clue.MESH_SERVICE: HINT,
        Clue.IN_DNS: HINT,
        Clue.STAT_CONNECT_TIMEOUT: SOME,
        Clue.SERVER_IS_SLOW: SOME,
        Clue.ORIGINAL_DESTINATION: HINT,
        Clue.NOT_IN_DNS: -STRONG,
        Clue.DNS_MOVED: -STRONG,
        Clue.ADDRESS_LOST_OTHERS_SERVE: -CLEAR,
        Clue.TURNED_OVER: -CLEAR,
        Clue.ADDRESS_LOST: -CLEAR,
        Clue.ALL_AT_ONCE: -SOME,
        Clue.HEALED: -SOME,
        Clue.FAILS_IN_WAVES: -CLEAR,
        Clue.OLD_ONES_HANG_TOO: -CLEAR,
        Clue.OTHER_HOSTS_TOO: -SOME,
        Clue.AT_ONCE: -CLEAR,
        Clue.LEFT_EARLY: -CLEAR,
        Clue.VIRTUAL_ADDRESS: -CLEAR,
        Clue.REUSED_CONNECTION: -STRONG,
    },
    settled_by={
        Need.PACKETS: "a packet capture at the server: does the SYN arrive?",
        Need.HISTORY: "the log from before: did the address ever accept a connection, and how long did that take?",
        Need.PROXY: "Envoy's /stats (--stats): upstream_cx_connect_timeout of the cluster",
    },
    scenarios=("one-dead-address",),
)
