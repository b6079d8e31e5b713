"""What happened to a request in Envoy's own terms, brought to one word whatever the release and format wrote.

A symptom is not a cause: connection termination has at least seven. Flags, details, errno texts and body texts of
fifteen years name the same few things; rules should have to know only these. Sources: Envoy's
source/common/stream_info/utility.h (flags), http/utility.cc (reset reasons), and the documentation of details.
"""

from __future__ import annotations

import re
from enum import StrEnum

from unstale.accesslog.result import AppError
from unstale.accesslog.row import Row
from unstale.diagnosis.body import body_reason


class Symptom(StrEnum):
    """What happened, as the proxy that logged it could see it."""

    TERMINATION = "the connection was closed before the answer"
    BROKEN = "the connection could not be made, or was closed"
    REFUSED = "the connection was refused"
    UNREACHABLE = "the address could not be reached"
    CONNECT_TIMEOUT = "the connection was not made in time"
    CONNECT_FAILURE = "the connection could not be made"
    TLS = "the TLS handshake failed"
    REMOTE_RESET = "the server reset the stream"
    LOCAL_RESET = "the proxy reset the stream"
    PROTOCOL_ERROR = "the answer broke the protocol"
    OVERFLOW = "a limit of the proxy was reached"
    NO_HEALTHY = "the cluster had no host to use"
    DNS = "the name could not be resolved"
    TIMEOUT = "no answer came in time"
    CLIENT_LEFT = "the client gave up waiting"
    NO_ROUTE = "the proxy had nowhere to send it"
    NO_CHAIN = "no filter chain took the connection"
    DRAINING = "the proxy itself was closing"
    OWN_ERROR = "the server answered with an error"
    DECIDED_HERE = "the proxy refused it by a rule of its own"
    STRANGE_ANSWER = "the answers are those of a server that does not know the host"
    UNKNOWN = "it is not said what happened"


OUTAGES = frozenset({Symptom.REFUSED, Symptom.UNREACHABLE, Symptom.CONNECT_TIMEOUT, Symptom.CONNECT_FAILURE})
"""No new connection comes about."""

UPSTREAM = frozenset(
    {
        Symptom.TERMINATION,
        Symptom.REFUSED,
        Symptom.UNREACHABLE,
        Symptom.CONNECT_TIMEOUT,
        Symptom.CONNECT_FAILURE,
        Symptom.TLS,
        Symptom.REMOTE_RESET,
        Symptom.PROTOCOL_ERROR,
        Symptom.TIMEOUT,
        Symptom.CLIENT_LEFT,
    }
)
"""What befalls connections to the upstream and the requests on them."""


_ERRNO = (
    (
        re.compile(r"connect(?:ion)?[ _]?(?:error)?:?[ _](?:111|61)\b|conn(?:ection)?[ _]?refused|ECONNREFUSED", re.I),
        Symptom.REFUSED,
    ),
    (
        re.compile(
            r"error:?[ _](?:113|101|65|51)\b|no[ _]route[ _]to[ _]host|network[ _](?:is[ _])?unreachable"
            r"|host[ _](?:is[ _])?unreachable|EHOSTUNREACH|ENETUNREACH",
            re.I,
        ),
        Symptom.UNREACHABLE,
    ),
    (re.compile(r"error:?[ _]110\b|ETIMEDOUT|connection[ _]timed[ _]out", re.I), Symptom.CONNECT_TIMEOUT),
)
_TLS = re.compile(r"TLS[ _]error|OPENSSL_internal|CERTIFICATE_VERIFY|SSLV3_ALERT|WRONG_VERSION_NUMBER|x509|X509", re.I)

_REASONS = {
    "connection_termination": Symptom.TERMINATION,
    "remote_connection_failure": Symptom.CONNECT_FAILURE,
    "local_connection_failure": Symptom.CONNECT_FAILURE,
    "connection_failure": Symptom.CONNECT_FAILURE,
    "connection_timeout": Symptom.CONNECT_TIMEOUT,
    "remote_reset": Symptom.REMOTE_RESET,
    "remote_refused_stream_reset": Symptom.REMOTE_RESET,
    "remote_error_with_connect_request": Symptom.REMOTE_RESET,
    "http2.remote_reset": Symptom.REMOTE_RESET,
    "http2.remote_refuse": Symptom.REMOTE_RESET,
    "local_reset": Symptom.LOCAL_RESET,
    "local_refused_stream_reset": Symptom.LOCAL_RESET,
    "overflow": Symptom.OVERFLOW,
    "overload_manager_reset": Symptom.OVERFLOW,
    "overload": Symptom.OVERFLOW,
    "dns_cache_overflow": Symptom.OVERFLOW,
    "protocol_error": Symptom.PROTOCOL_ERROR,
    "no_healthy_upstream": Symptom.NO_HEALTHY,
    "cluster_not_found": Symptom.NO_ROUTE,
    "route_not_found": Symptom.NO_ROUTE,
    "route_configuration_not_found": Symptom.NO_ROUTE,
    "filter_chain_not_found": Symptom.NO_CHAIN,
    "dns_resolution_failure": Symptom.DNS,
    "upstream_response_timeout": Symptom.TIMEOUT,
    "response_timeout": Symptom.TIMEOUT,
    "upstream_per_try_timeout": Symptom.TIMEOUT,
    "upstream_per_try_idle_timeout": Symptom.TIMEOUT,
    "upstream_max_stream_duration_reached": Symptom.TIMEOUT,
    "stream_idle_timeout": Symptom.TIMEOUT,
    "duration_timeout": Symptom.TIMEOUT,
    "max_duration_timeout": Symptom.TIMEOUT,
    "request_overall_timeout": Symptom.TIMEOUT,
    "downstream_remote_disconnect": Symptom.CLIENT_LEFT,
    "downstream_local_disconnect": Symptom.DRAINING,
    "fault_filter_abort": Symptom.DECIDED_HERE,
    "upgrade_failed": Symptom.PROTOCOL_ERROR,
}
_FLAGS = (
    ("UO", Symptom.OVERFLOW),
    ("OM", Symptom.OVERFLOW),
    ("DO", Symptom.OVERFLOW),
    ("DF", Symptom.DNS),
    ("UPE", Symptom.PROTOCOL_ERROR),
    ("UF", Symptom.CONNECT_FAILURE),
    ("UC", Symptom.TERMINATION),
    ("UR", Symptom.REMOTE_RESET),
    ("UT", Symptom.TIMEOUT),
    ("SI", Symptom.TIMEOUT),
    ("UMSDR", Symptom.TIMEOUT),
    ("DT", Symptom.TIMEOUT),
    ("NC", Symptom.NO_ROUTE),
    ("NR", Symptom.NO_ROUTE),
    ("UH", Symptom.NO_HEALTHY),
    ("LH", Symptom.NO_HEALTHY),
    ("LR", Symptom.LOCAL_RESET),
    ("DC", Symptom.CLIENT_LEFT),
    ("DR", Symptom.CLIENT_LEFT),
    *((flag, Symptom.DECIDED_HERE) for flag in ("FI", "DI", "RL", "RLSE", "UAEX", "IH", "DPE", "NFCF", "RFCF")),
)
_ANSWERED_HERE = frozenset({"direct_response", "maintenance_mode"})
_SHORT_MS, _PATIENT_MS = 2, 900
"""Between the two lies a TLS handshake: an unexplained UF of 5 to 900 ms is one that failed (Istio before 1.10)."""


def of_row(row: Row) -> Symptom:
    """The symptom of a failing row."""
    named = _named(row)
    if named is Symptom.NO_HEALTHY and row.cluster.startswith("BlackHole"):
        return Symptom.NO_ROUTE
    if named is Symptom.CLIENT_LEFT and _is_connecting(row):
        # The reason is that of the last try, where the client left in the midst of several.
        return errno_symptom(row.transport_failure) or Symptom.CONNECT_TIMEOUT
    return _connect(row) if named is Symptom.CONNECT_FAILURE else named


def of_app(error: AppError) -> Symptom:
    """The symptom that an application's error tells of: by Envoy's words where it holds them, else the exception's."""
    reason = error.reason.strip().replace(" ", "_").lower()
    if _TLS.search(error.transport_failure):
        return Symptom.TLS
    found = _REASONS.get(reason) or _BODIES.get(reason) or _EXCEPTIONS.get(reason, Symptom.UNKNOWN)
    if not reason and error.kind == "envoy-body":
        # Envoy before 1.11 gave the same text without a reason for all that breaks.
        found = errno_symptom(error.transport_failure) or Symptom.BROKEN
    if found in (Symptom.CONNECT_FAILURE, Symptom.UNKNOWN):
        return errno_symptom(f"{error.transport_failure} {error.line}") or found
    return found


def errno_symptom(text: str) -> Symptom | None:
    """The symptom that an operating system's error number or its text stands for."""
    return next((symptom for pattern, symptom in _ERRNO if pattern.search(text)), None)


def is_from_next_hop(row: Row) -> bool:
    """Whether another Envoy one hop on made the answer: the upstream's 5xx has the length of one of Envoy's bodies."""
    return _is_upstream_answer(row) and row.status in (502, 503, 504) and body_reason(row.bytes_sent) != ""


def _named(row: Row) -> Symptom:
    if _TLS.search(row.transport_failure) or ("TLS" in row.details and _TLS.search(row.details)):
        return Symptom.TLS
    if row.route == "block_all" or row.cluster == "BlackHoleCluster":
        return Symptom.NO_ROUTE
    if row.connection_termination.startswith("filter_chain_is_being_removed") or "being_removed" in row.details:
        return Symptom.DRAINING
    reason = _REASONS.get(row.reason) or next(
        (found for word, found in _REASONS.items() if row.details.startswith(word)), None
    )
    if reason is not None:
        return reason
    if row.details.startswith(("http1.", "http2.", "http3.")):
        return Symptom.PROTOCOL_ERROR if "UPE" in row.flags else Symptom.DECIDED_HERE
    flag = next((symptom for flag, symptom in _FLAGS if flag in row.flags), None)
    return flag or _unflagged(row)


def _unflagged(row: Row) -> Symptom:
    if is_from_next_hop(row):
        return next_hop_symptom(row)
    if row.details in _ANSWERED_HERE:
        return Symptom.NO_ROUTE if row.status == 502 and not row.upstream_host else Symptom.DECIDED_HERE
    if row.status == 502 and not row.details and not row.upstream_host and row.upstream_service_time_ms is None:
        # Istio before 1.9 logged its black hole without details: nothing upstream, no time, no bytes.
        return Symptom.NO_ROUTE if not row.duration_ms and not row.bytes_sent else Symptom.OWN_ERROR
    if row.status >= 500 or row.grpc_status or _is_upstream_answer(row):
        return Symptom.OWN_ERROR
    return Symptom.UNKNOWN


def next_hop_symptom(row: Row) -> Symptom:
    """What the next hop's Envoy told in its body, known from the body's length."""
    reason = body_reason(row.bytes_sent).split(" or ")[0]
    if reason.endswith("connection refused"):
        return Symptom.REFUSED
    return _REASONS.get(reason.replace(" ", "_")) or _BODIES.get(reason.replace(" ", "_")) or Symptom.OWN_ERROR


def _is_connecting(row: Row) -> bool:
    """Whether the proxy had an address, but no connection yet, when the client gave up."""
    is_open = bool(row.upstream_local_address) or "upstream_local_address" in row.absent
    return bool(row.upstream_host) and not is_open and row.duration_ms >= _PATIENT_MS and not row.bytes_sent


def _is_upstream_answer(row: Row) -> bool:
    return row.details == "via_upstream" or (not row.details and row.upstream_service_time_ms is not None)


def _connect(row: Row) -> Symptom:
    """A connect failure in more detail: by errno, else by how long it took (old releases say no more)."""
    found = errno_symptom(f"{row.transport_failure} {row.details}")
    if found is not None:
        return found
    if "duration" in row.absent or "duration_ms" in row.absent:
        return Symptom.CONNECT_FAILURE
    if row.duration_ms >= _PATIENT_MS:
        return Symptom.CONNECT_TIMEOUT
    # The proxy makes no handshake of its own on PassthroughCluster, so nothing but a refusal is left there.
    is_plain = "PassthroughCluster" in row.cluster
    return Symptom.REFUSED if row.duration_ms <= _SHORT_MS or is_plain else Symptom.CONNECT_FAILURE


_BODIES = {
    "no_healthy_upstream": Symptom.NO_HEALTHY,
    "upstream_request_timeout": Symptom.TIMEOUT,
    "stream_timeout": Symptom.TIMEOUT,
    "delayed_connect_error": Symptom.REFUSED,
}
_EXCEPTIONS = {
    "closed_without_response": Symptom.TERMINATION,
    "connection_reset": Symptom.TERMINATION,
    "broken_pipe": Symptom.TERMINATION,
    "connect_failed": Symptom.CONNECT_FAILURE,
    "connect_refused": Symptom.REFUSED,
    "connect_timeout": Symptom.CONNECT_TIMEOUT,
    "name_resolution": Symptom.DNS,
    "no_route": Symptom.UNREACHABLE,
    "read_timeout": Symptom.TIMEOUT,
    "tls": Symptom.TLS,
    "unavailable": Symptom.UNKNOWN,
}
"""The words in which `accesslog` brings the exceptions of all client libraries together."""
