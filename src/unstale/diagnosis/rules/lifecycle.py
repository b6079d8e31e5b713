"""A pod or proxy was starting or stopping: a deploy, a scale-down, a node drained, a listener replaced.

What it means
    A server that ends closes its connections, requests included, before everybody has heard that it is gone; one that
    starts is listed before it listens. A proxy whose listener changes or that shuts down closes what it holds.

How we know
    The failures come in one short burst, at services of the mesh, at different addresses one after the other, with
    several symptoms side by side (closed, refused, no healthy host); lines of a proxy that is draining lie nearby
    (`filter_chain_is_being_removed`, `downstream_local_disconnect`). Before and after, all is well. Servers that keep
    their addresses are refused one after another, each for a while, and serve again. What a server works on when it
    ends breaks in one instant, at its address alone.

What to do
    Let the server finish: a preStop sleep and a grace period above the longest request, readiness probes that fail
    before it stops, `holdApplicationUntilProxyStarts`, `EXIT_ON_ZERO_ACTIVE_CONNECTIONS`.
"""

from __future__ import annotations

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Clue
from unstale.diagnosis.rule import Need, Rule
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.weight import CLEAR, DECISIVE, HINT, SOME, STRONG

RULE = Rule(
    cause=Cause.LIFECYCLE,
    rates={
        Symptom.BROKEN: 0.09,
        Symptom.DRAINING: 0.93,
        Symptom.TERMINATION: 0.09,
        Symptom.REFUSED: 0.09,
        Symptom.UNREACHABLE: 0.04,
        Symptom.CONNECT_TIMEOUT: 0.04,
        Symptom.CONNECT_FAILURE: 0.04,
        Symptom.NO_HEALTHY: 0.04,
        Symptom.REMOTE_RESET: 0.10,
        Symptom.LOCAL_RESET: 0.30,
        Symptom.NO_CHAIN: 0.03,
    },
    weighs={
        Clue.DRAINING_NEAR: STRONG,
        Clue.RESTARTED_IN_TURN: DECISIVE,
        Clue.FAILS_IN_WAVES: -SOME,
        Clue.STEADY_BEAT: -SOME,
        Clue.HELD_UP: SOME,
        Clue.CUT_IN_FLIGHT: CLEAR,
        Clue.ENDED_ALONE: DECISIVE,
        Clue.DNS_STEADY: HINT,
        Clue.BURST: CLEAR,
        Clue.ONE_AFTER_ANOTHER: SOME,
        Clue.HEALED: HINT,
        Clue.REOPENED: HINT,
        Clue.CUT_TOGETHER: SOME,
        Clue.CLOSED_IN_PEACE: SOME,
        Clue.ADDRESS_LOST_SIBLINGS_SERVE: SOME,
        Clue.SIDE_BY_SIDE: CLEAR,
        Clue.ODD_WAIT: CLEAR,
        Clue.MESH_SERVICE: HINT,
        Clue.INBOUND: HINT,
        Clue.PASSTHROUGH_EXTERNAL: -CLEAR,
        Clue.EXTERNAL_CLUSTER: -CLEAR,
        Clue.OWN_SIDECAR: -HINT,
        Clue.GAPS_AT_ONE_VALUE: -STRONG,
        Clue.REUSED_AFTER_IDLE: -HINT,
        Clue.NEVER_SERVED: -SOME,
        Clue.SPORADIC: -HINT,
        Clue.NOT_IN_DNS: -SOME,
        Clue.DNS_MOVED: -CLEAR,
        Clue.NEW_ADDRESSES: -CLEAR,
        Clue.TURNED_OVER: -SOME,
        Clue.ROUND_WAIT: -CLEAR,
        Clue.TOO_NEAR: -HINT,
        Clue.PLAIN_TO_TLS_PORT: -DECISIVE,
        Clue.HTTP_TO_TLS_PORT: -SOME,
        Clue.STAT_EJECTED: -SOME,
    },
    settled_by={
        Need.SERVER: "the events of that minute: did a pod start or stop, was anything deployed (kubectl get events)?",
        Need.HISTORY: "the log around it: do the failures come in one burst, and which addresses appear after it?",
    },
    scenarios=("server-ends",),
)
