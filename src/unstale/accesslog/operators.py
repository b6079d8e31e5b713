"""Envoy's command operators: which field of a Row each fills, and the shape its text has.

https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage lists them. A shape is as
narrow as Envoy's own text is; what a client sends (path, user agent, request id, forwarded-for) may hold anything but
a line break, since Envoy does not escape quotes in text logs (envoyproxy/envoy#4191).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Nothing but what Envoy itself writes; a client cannot put a quote or a blank here.
TOKEN = r"[^\s\"]+"
NUMBER = r"(?:\d{1,18}|-)"
FLAGS = r"(?:-|[A-Za-z][A-Za-z0-9_]*(?:,[A-Za-z][A-Za-z0-9_]*)*)"
DETAILS = r"(?:-|[^\s\"{]+(?:\{[^}\"]*\}[^\s\"]*)?)"
ISO_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """The Row's field ("" for one that a Row does not hold), its shape, and whether a client writes its text."""

    role: str
    shape: str
    is_clients: bool = False


_PLAIN = {
    "START_TIME": Operator(role="time", shape=ISO_TIME),
    "PROTOCOL": Operator(role="protocol", shape=r"(?:HTTP/[\d.]{1,3}|-)"),
    "RESPONSE_CODE": Operator(role="status", shape=r"(?:\d{1,3}|-)"),
    "RESPONSE_FLAGS": Operator(role="flags", shape=FLAGS),
    "RESPONSE_FLAGS_LONG": Operator(role="flags", shape=FLAGS),
    "RESPONSE_CODE_DETAILS": Operator(role="details", shape=DETAILS),
    "CONNECTION_TERMINATION_DETAILS": Operator(role="connection_termination", shape=DETAILS),
    "UPSTREAM_TRANSPORT_FAILURE_REASON": Operator(role="transport_failure", shape=r"[^\"]*?"),
    "BYTES_RECEIVED": Operator(role="bytes_received", shape=NUMBER),
    "BYTES_SENT": Operator(role="bytes_sent", shape=NUMBER),
    "DURATION": Operator(role="duration_ms", shape=NUMBER),
    "REQUEST_DURATION": Operator(role="request_duration_ms", shape=NUMBER),
    "RESPONSE_DURATION": Operator(role="response_duration_ms", shape=NUMBER),
    "UPSTREAM_HOST": Operator(role="upstream_host", shape=r"[^\s\"]*"),
    "UPSTREAM_REMOTE_ADDRESS": Operator(role="upstream_host", shape=r"[^\s\"]*"),
    "UPSTREAM_CLUSTER": Operator(role="cluster", shape=TOKEN),
    "UPSTREAM_CLUSTER_RAW": Operator(role="cluster", shape=TOKEN),
    "UPSTREAM_LOCAL_ADDRESS": Operator(role="upstream_local_address", shape=TOKEN),
    "DOWNSTREAM_LOCAL_ADDRESS": Operator(role="downstream_local_address", shape=TOKEN),
    "DOWNSTREAM_REMOTE_ADDRESS": Operator(role="downstream_remote_address", shape=TOKEN),
    "REQUESTED_SERVER_NAME": Operator(role="requested_server_name", shape=TOKEN),
    "ROUTE_NAME": Operator(role="route", shape=r"[^\"]+?"),
    "UPSTREAM_REQUEST_ATTEMPT_COUNT": Operator(role="attempts", shape=NUMBER),
    "GRPC_STATUS": Operator(role="grpc_status", shape=r"[\w-]+"),
    "GRPC_STATUS_NUMBER": Operator(role="grpc_status", shape=r"[\w-]+"),
}

_HEADERS = {
    ":method": Operator(role="method", shape=r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"),
    ":path": Operator(role="path", shape=".*", is_clients=True),
    "path": Operator(role="path", shape=".*", is_clients=True),
    "x-envoy-original-path": Operator(role="path", shape=".*", is_clients=True),
    "x-forwarded-for": Operator(role="x_forwarded_for", shape=".*", is_clients=True),
    "user-agent": Operator(role="user_agent", shape=".*", is_clients=True),
    "x-request-id": Operator(role="request_id", shape=".*", is_clients=True),
    ":authority": Operator(role="authority", shape=r"[^\s\"]*"),
    "host": Operator(role="authority", shape=r"[^\s\"]*"),
}

_RESPONSE_HEADERS = {"x-envoy-upstream-service-time": Operator(role="upstream_service_time_ms", shape=NUMBER)}

# Metadata and filter state are the proxy's own; only Mixer's verdict has a place in a Row.
_POLICY = Operator(role="policy_status", shape=r"[^\"]*?")
_UNKNOWN = Operator(role="", shape=r"[^\"]*?")
_UNKNOWN_HEADER = Operator(role="", shape=".*", is_clients=True)
_NAME = re.compile(r"([A-Z][A-Z0-9_]*)(?:\((.*)\))?(?::(\d+))?\Z", re.DOTALL)


def operator(text: str) -> Operator | None:
    """The operator between two `%`, e.g. `REQ(X-ENVOY-ORIGINAL-PATH?:PATH):20`; None where it is none."""
    found = _NAME.match(text)
    if found is None:
        return None
    name, argument = found.group(1), (found.group(2) or "").lower()
    if name == "REQ":
        names = argument.split("?:") if not argument.startswith(":") else [argument]
        return next((_HEADERS[each] for each in (names[0], *names[1:]) if each in _HEADERS), _UNKNOWN_HEADER)
    if name in ("RESP", "TRAILER"):
        return _RESPONSE_HEADERS.get(argument.split("?")[0], _UNKNOWN)
    if name == "DYNAMIC_METADATA" and argument.startswith("istio.mixer"):
        return _POLICY
    return _PLAIN.get(name, _UNKNOWN)
