"""fault: delays and errors that the proxy makes on purpose (RT-17)."""

from __future__ import annotations

from unstale.envoy import fraction
from unstale.envoy.resource import Json, any_of
from unstale.istio.virtual_service import Abort, Delay, HTTPFaultInjection

FILTER = "envoy.filters.http.fault"
_GRPC_STATUS = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)


def fault(injection: HTTPFaultInjection) -> Json | None:
    """The route's configuration of the fault filter; None where nothing is left of it."""
    parts: Json = {}
    if injection.delay is not None and injection.delay.fixed_delay is not None:
        parts["delay"] = _delay(injection.delay)
    if injection.abort is not None and (kind := _abort_kind(injection.abort)):
        parts["abort"] = kind
        if injection.abort.percentage is not None:
            parts["abort"]["percentage"] = fraction.of_percent(injection.abort.percentage)
    return any_of("extensions.filters.http.fault.v3.HTTPFault", **parts) if parts else None


def _delay(delay: Delay) -> Json:
    assert delay.fixed_delay is not None
    if delay.percentage is not None:
        part = fraction.of_percent(delay.percentage)
    else:
        part = fraction.of_hundred(delay.percent or 0)
    return {"fixed_delay": delay.fixed_delay.protobuf, "percentage": part}


def _abort_kind(abort: Abort) -> Json:
    """An abort that says no error is none at all."""
    if abort.http_status is not None:
        return {"http_status": abort.http_status}
    if abort.grpc_status in _GRPC_STATUS:
        return {"grpc_status": _GRPC_STATUS.index(abort.grpc_status)}
    return {}
