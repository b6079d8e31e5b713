"""A firewall or NAT between the pod and the server forgot the connection, or the address.

What it means
    Firewalls that allow destinations by the DNS answers they saw forget an address when its lease ends. NAT gateways
    and stateful firewalls forget connections that were idle (AWS after 350 s, Azure after 240 s). Either drops what
    comes next without a word, so requests hang until somebody's time-out, or answers with a reset. The server is well
    and DNS still names the address. It heals when somebody looks the name up again or a new connection is made.

How we know
    Hung requests sit on connections that served before, while the server answers others quickly; connections that
    had been idle for minutes; several addresses, or several hosts, that fail in the same second; connections in use
    that break and new ones that are refused; all addresses at once in wave after wave, serving in between; a steady
    beat, whatever the age of the connections; many requests held up by tries of which only a few show as failed; DNS
    unchanged. It acts when a packet comes: requests that break in one instant while they wait were not cut by it.

What to do
    Bound the age of connections below the lease (`maxConnectionDuration`), and their idle time below the NAT's. Let
    Envoy resolve the name (ServiceEntry, resolution DNS) through the resolver that the firewall watches. Short
    connect time-outs and a perTryTimeout let retries find the way round.
"""

from __future__ import annotations

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Clue
from unstale.diagnosis.rule import Need, Rule
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.weight import CLEAR, DECISIVE, HINT, SOME, STRONG

RULE = Rule(
    cause=Cause.FIREWALL_OR_NAT_DROP,
    rates={
        Symptom.BROKEN: 0.08,
        Symptom.TERMINATION: 0.11,
        Symptom.REFUSED: 0.12,
        Symptom.UNREACHABLE: 0.25,
        Symptom.CONNECT_TIMEOUT: 0.20,
        Symptom.CONNECT_FAILURE: 0.15,
        Symptom.TIMEOUT: 0.07,
        Symptom.CLIENT_LEFT: 0.15,
        Symptom.REMOTE_RESET: 0.03,
    },
    weighs={
        Clue.CUT_THEN_REFUSED: CLEAR,
        Clue.TOO_NEAR: HINT,
        Clue.OTHER_HOSTS_TOO: CLEAR,
        Clue.LONG_IDLE: CLEAR,
        Clue.OLD_ONES_HANG_TOO: CLEAR,
        Clue.RESCUED_BY_RETRY: SOME,
        Clue.HEALED: CLEAR,
        Clue.REOPENED: CLEAR,
        Clue.OPAQUE_RESET: CLEAR,
        Clue.CUT_TOGETHER: STRONG,
        Clue.HUNG_AFTER_IDLE: CLEAR,
        Clue.NO_NEW_CONNECTIONS: SOME,
        Clue.NEW_CONNECTIONS_WORK: CLEAR,
        Clue.SERVER_IS_QUICK: SOME,
        Clue.ALL_AT_ONCE: SOME,
        Clue.DNS_STEADY: SOME,
        Clue.PASSTHROUGH_EXTERNAL: SOME,
        Clue.OWN_SIDECAR: SOME,
        Clue.ODD_WAIT: SOME,
        Clue.EXTERNAL_CLUSTER: HINT,
        Clue.UPLOAD: SOME,
        Clue.ADDRESS_LOST: HINT,
        Clue.IN_DNS: HINT,
        Clue.NOT_IN_DNS: -STRONG,
        Clue.DNS_MOVED: -STRONG,
        Clue.INBOUND: -DECISIVE,
        Clue.ADDRESS_LOST_OTHERS_SERVE: -CLEAR,
        Clue.TURNED_OVER: -STRONG,
        Clue.NEVER_SERVED: -CLEAR,
        Clue.RESTARTED_IN_TURN: -CLEAR,
        Clue.FAILS_IN_WAVES: STRONG,
        Clue.STEADY_BEAT: STRONG,
        Clue.ADDRESS_SERVES_ON: HINT,
        Clue.HELD_UP: CLEAR,
        Clue.SEVERAL_AT_ONCE: STRONG,
        Clue.CUT_IN_FLIGHT: -CLEAR,
        Clue.NEW_ADDRESSES: -STRONG,
        Clue.FRESH_CONNECTION: -SOME,
        Clue.ACCEPTED_THEN_CLOSED: -CLEAR,
        Clue.ONE_AFTER_ANOTHER: -CLEAR,
        Clue.CLOSED_IN_PEACE: -CLEAR,
        Clue.OTHERS_ANSWER: -CLEAR,
        Clue.HUNG_WHEN_FRESH: -SOME,
        Clue.ADDRESS_LOST_SIBLINGS_SERVE: -SOME,
        Clue.ONE_OF_SEVERAL: -CLEAR,
        Clue.SERVER_IS_SLOW: -CLEAR,
        Clue.LEFT_EARLY: -CLEAR,
        Clue.GAPS_AT_ONE_VALUE: -HINT,
        Clue.AGES_AT_ONE_VALUE: -CLEAR,
        Clue.NEVER_LONG_IDLE: -HINT,
        Clue.SPORADIC: -HINT,
        Clue.PLAIN_TO_TLS_PORT: -CLEAR,
        Clue.HANDSHAKE_TIME: -SOME,
        Clue.MESH_SERVICE: -SOME,
        Clue.NEXT_HOP: -SOME,
        Clue.HBONE: -SOME,
        Clue.OTHER_ENVOY: -SOME,
        Clue.SIDE_BY_SIDE: -SOME,
    },
    settled_by={
        Need.DNS: "the DNS answers of that time (--dns-history): a firewall fails while the answer stays the same",
        Need.HISTORY: "log lines from before the failures: what was the last time that these connections served?",
        Need.PACKETS: (
            "the firewall's or NAT's own log, or captures on both sides of it: who sent the reset, who lost the packet?"
        ),
    },
    scenarios=("firewall-drop", "firewall-rst"),
    next=("unstale fix --host {host}",),
)
