"""The load balancer has other addresses now, and the connection still leads to an old one.

What it means
    Cloud load balancers change their addresses when they scale. DNS tells the new ones, but nobody who keeps a
    connection asks DNS again: the application keeps its own to the sidecar, and on PassthroughCluster the sidecar goes
    where the application once resolved. With a ServiceEntry of resolution DNS Envoy follows the answer, yet it lets old
    connections live, and between the move and its next look-up it dials the old address too.

How we know
    The failing address is not in the DNS answer, or the answer changed just before. An address served until a moment
    and never since, while others of the same host do; all connections to it fail together. What follows (closed,
    refused, no answer) depends on what became of the old node, so the kind of failure says little. Where the address
    was given to somebody else nothing fails: answers turn to 404. Only DNS tells that from a server that lost a route.

What to do
    Make the host known to the mesh with a ServiceEntry of resolution DNS, bound the age of connections
    (`maxConnectionDuration`), and let retries span the time until the next look-up, by backoff and not by number.
"""

from __future__ import annotations

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Clue
from unstale.diagnosis.rule import Need, Rule
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.weight import CLEAR, DECISIVE, HINT, SOME, STRONG

RULE = Rule(
    cause=Cause.LB_IP_CHANGED,
    rates={
        Symptom.BROKEN: 0.08,
        Symptom.TERMINATION: 0.14,
        Symptom.REFUSED: 0.07,
        Symptom.UNREACHABLE: 0.12,
        Symptom.CONNECT_TIMEOUT: 0.11,
        Symptom.CONNECT_FAILURE: 0.10,
        Symptom.CLIENT_LEFT: 0.05,
        Symptom.TIMEOUT: 0.03,
        Symptom.TLS: 0.02,
        Symptom.REMOTE_RESET: 0.02,
        Symptom.STRANGE_ANSWER: 0.45,
    },
    weighs={
        Clue.NOT_IN_DNS: STRONG + SOME,
        Clue.DNS_MOVED: STRONG,
        Clue.ADDRESS_LOST_OTHERS_SERVE: STRONG,
        Clue.ADDRESS_LOST: CLEAR,
        Clue.NEW_ADDRESSES: STRONG,
        Clue.TURNED_OVER: DECISIVE,
        Clue.CERTIFICATE_OF_ANOTHER: STRONG,
        Clue.ADDRESS_LOST_SIBLINGS_SERVE: HINT,
        Clue.OTHERS_ANSWER: STRONG,
        Clue.CLOSED_IN_PEACE: CLEAR,
        Clue.ACCEPTED_THEN_CLOSED: HINT,
        Clue.OPAQUE_RESET: SOME,
        Clue.CUT_TOGETHER: SOME,
        Clue.NO_NEW_CONNECTIONS: SOME,
        Clue.OLD_ONES_HANG_TOO: SOME,
        Clue.ALL_AT_ONCE: SOME,
        Clue.ONE_AFTER_ANOTHER: CLEAR,
        Clue.PERSISTENT: SOME,
        Clue.PASSTHROUGH_EXTERNAL: SOME,
        Clue.OWN_SIDECAR: SOME,
        Clue.FRESH_CONNECTION: HINT,
        Clue.NO_SERVICE_ENTRY: HINT,
        Clue.NOT_RESOLVED_BY_PROXY: SOME,
        Clue.ENDPOINT_GONE: CLEAR,
        Clue.ENDPOINT_LISTED: -HINT,
        Clue.IN_DNS: -STRONG,
        Clue.DNS_STEADY: -SOME,
        Clue.ADDRESS_SERVES_ON: -STRONG,
        Clue.HEALED: -STRONG,
        Clue.REOPENED: -STRONG,
        Clue.RESTARTED_IN_TURN: -CLEAR,
        Clue.FAILS_IN_WAVES: -CLEAR,
        Clue.STEADY_BEAT: -SOME,
        Clue.HELD_UP: SOME,
        Clue.SEVERAL_AT_ONCE: SOME,
        Clue.CUT_IN_FLIGHT: SOME,
        Clue.ENDED_ALONE: -SOME,
        Clue.EXTERNAL_CLUSTER: -SOME,
        Clue.STILL_RESOLVED: -HINT,
        Clue.SPORADIC: -CLEAR,
        Clue.NEVER_SERVED: -SOME,
        Clue.ONE_OF_SEVERAL: -HINT,
        Clue.INBOUND: -DECISIVE,
        Clue.MESH_SERVICE: -CLEAR,
        Clue.PASSTHROUGH_PRIVATE: -SOME,
        Clue.GAPS_AT_ONE_VALUE: -STRONG,
        Clue.AGES_AT_ONE_VALUE: -STRONG,
        Clue.REUSED_AFTER_IDLE: -HINT,
        Clue.HUNG_AFTER_IDLE: -SOME,
        Clue.HUNG_WHEN_FRESH: -CLEAR,
        Clue.NEW_CONNECTIONS_WORK: -CLEAR,
        Clue.OTHER_HOSTS_TOO: -SOME,
        Clue.PLAIN_TO_TLS_PORT: -CLEAR,
        Clue.NEXT_HOP: -CLEAR,
        Clue.HBONE: -CLEAR,
        Clue.SERVER_IS_SLOW: -CLEAR,
        Clue.TOO_NEAR: -HINT,
        Clue.ODD_WAIT: -HINT,
        Clue.ROUND_WAIT: -SOME,
        Clue.OTHER_ENVOY: -SOME,
    },
    settled_by={
        Need.DNS: "the name's DNS answer now (--dns) or then (--dns-history): is the failing address still in it?",
        Need.HISTORY: "the log from before the failures on: which addresses served, and until when?",
        Need.MANIFESTS: "the manifests (-f): without a ServiceEntry nobody but the application resolves the name",
        Need.PROXY: "Envoy's /clusters (--clusters): is the failing address still an endpoint?",
    },
    scenarios=("rotation-sudden", "rotation-slow", "address-reused"),
    next=("unstale fix --host {host}",),
)
