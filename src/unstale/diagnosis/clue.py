"""The names of everything that can be seen in a case; rules say what each is worth to their cause.

A clue is an observation, never a judgement: the sentence that goes with it holds the measurement.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Clue(Enum):
    """One observation. The comment in each file of `clues` says when it is made."""

    # clues/connection.py
    FRESH_CONNECTION = auto()
    REUSED_CONNECTION = auto()
    REUSED_WHILE_BUSY = auto()
    REUSED_AFTER_IDLE = auto()
    GAPS_AT_ONE_VALUE = auto()
    AGES_AT_ONE_VALUE = auto()
    AGES_ALIKE = auto()
    LONG_IDLE = auto()
    HUNG_AFTER_IDLE = auto()
    HUNG_WHEN_FRESH = auto()
    NEVER_LONG_IDLE = auto()
    ENDED_ALONE = auto()
    SEVERAL_AT_ONCE = auto()
    # clues/history.py
    ADDRESS_LOST_OTHERS_SERVE = auto()
    ADDRESS_LOST_SIBLINGS_SERVE = auto()
    ADDRESS_LOST = auto()
    NEW_ADDRESSES = auto()
    OTHERS_ANSWER = auto()
    ADDRESS_SERVES_ON = auto()
    NEVER_SERVED = auto()
    ONE_OF_SEVERAL = auto()
    HEALED = auto()
    NEW_CONNECTIONS_WORK = auto()
    # clues/together.py
    ALL_AT_ONCE = auto()
    ONE_AFTER_ANOTHER = auto()
    OTHER_HOSTS_TOO = auto()
    CUT_TOGETHER = auto()
    # clues/names.py
    NOT_IN_DNS = auto()
    IN_DNS = auto()
    DNS_MOVED = auto()
    DNS_STEADY = auto()
    DNS_FAILED = auto()
    # clues/path.py
    PASSTHROUGH_EXTERNAL = auto()
    PASSTHROUGH_PRIVATE = auto()
    MESH_SERVICE = auto()
    EXTERNAL_CLUSTER = auto()
    INBOUND = auto()
    ORIGINAL_DESTINATION = auto()
    HBONE = auto()
    NO_CLUSTER = auto()
    OUTSIDE_WITHOUT_CLUSTER = auto()
    BLACK_HOLE = auto()
    VIRTUAL_ADDRESS = auto()
    # clues/protocol.py
    PLAIN_TO_TLS_PORT = auto()
    HTTP_TO_TLS_PORT = auto()
    TLS_TO_PLAIN_PORT = auto()
    HTTP2 = auto()
    OPAQUE_RESET = auto()
    NOT_HTTP_AT_ALL = auto()
    BROKEN_ANSWER = auto()
    WORKED_FIRST = auto()
    UPLOAD = auto()
    # clues/timing.py
    AT_ONCE = auto()
    TOO_NEAR = auto()
    HANDSHAKE_TIME = auto()
    LEFT_EARLY = auto()
    ROUND_WAIT = auto()
    ODD_WAIT = auto()
    CONNECT_WAIT = auto()
    SERVER_IS_QUICK = auto()
    SERVER_IS_SLOW = auto()
    RESCUED_BY_RETRY = auto()
    # clues/spread.py
    SPORADIC = auto()
    PERSISTENT = auto()
    BURST = auto()
    RETRIED_IN_VAIN = auto()
    CUT_THEN_REFUSED = auto()
    CLOSED_IN_PEACE = auto()
    ACCEPTED_THEN_CLOSED = auto()
    NO_NEW_CONNECTIONS = auto()
    OLD_ONES_HANG_TOO = auto()
    FAILED_BEFORE_EJECTION = auto()
    DRAINING_NEAR = auto()
    SIDE_BY_SIDE = auto()
    # clues/reopened.py
    REOPENED = auto()
    # clues/certificate.py
    CERTIFICATE_OF_ANOTHER = auto()
    # clues/still_resolved.py
    STILL_RESOLVED = auto()
    # clues/in_flight.py
    CUT_IN_FLIGHT = auto()
    # clues/held_up.py
    HELD_UP = auto()
    # clues/turnover.py
    TURNED_OVER = auto()
    # clues/waves.py
    FAILS_IN_WAVES = auto()
    STEADY_BEAT = auto()
    # clues/restart.py
    RESTARTED_IN_TURN = auto()
    # clues/hops.py
    NEXT_HOP = auto()
    NEXT_HOP_PERHAPS = auto()
    BEHIND_ANSWERED = auto()
    BEHIND_FAILED = auto()
    VARIED_ANSWERS = auto()
    # clues/application.py
    ENVOY_BODY = auto()
    OWN_SIDECAR = auto()
    OTHER_ENVOY = auto()
    NO_TLS_ANSWER = auto()
    CONNECT_CALL = auto()
    # clues/proxy.py
    STAT_OVERFLOW = auto()
    STAT_CONNECT_TIMEOUT = auto()
    STAT_CONNECT_FAIL = auto()
    STAT_CUT_WITH_REQUEST = auto()
    STAT_DNS_FAILED = auto()
    STAT_NO_MEMBERS = auto()
    STAT_EJECTED = auto()
    STAT_TLS_FAILED = auto()
    STAT_TIMEOUT = auto()
    STAT_PROTOCOL = auto()
    ENDPOINT_LISTED = auto()
    ENDPOINT_GONE = auto()
    IDLE_LIMIT_ABOVE_GAP = auto()
    IDLE_LIMIT_BELOW_GAP = auto()
    # clues/manifests.py
    NO_SERVICE_ENTRY = auto()
    RESOLVED_BY_PROXY = auto()
    NOT_RESOLVED_BY_PROXY = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A clue that was seen, and the measurement in words."""

    clue: Clue
    words: str
