"""Rules for what an HTTP rule does: retries, redirects, rewrites, answers, faults, CORS."""

from __future__ import annotations

import re
from http import HTTPStatus

from unstale.istio.faults import Faults
from unstale.istio.message import Message
from unstale.istio.validation.headers import cors_name_fault
from unstale.istio.validation.http_match import AN_RE2, check_string
from unstale.istio.validation.re2 import regex_fault
from unstale.istio.validation.values import check_durations, check_port
from unstale.istio.virtual_service import (
    CorsPolicy,
    HTTPDirectResponse,
    HTTPFaultInjection,
    HTTPMatchRequest,
    HTTPRedirect,
    HTTPRetry,
    HTTPRewrite,
    Percent,
)
from unstale.istio.wording import shown

RETRY_CONDITIONS = (
    *("5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "retriable-4xx"),
    *("refused-stream", "retriable-status-codes", "retriable-headers", "envoy-ratelimited"),
    *("http3-post-connect-failure", "cancelled", "deadline-exceeded", "internal"),
    *("resource-exhausted", "unavailable"),
)
_ANY_METHOD_SINCE, _BACKOFF_SINCE = 26, 26
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE")
_GRPC_STATUSES = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND"),
    *("ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED"),
    *("OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"),
)
_UNNAMED_STATUSES = (418,)
_STATUSES = frozenset(status.value for status in HTTPStatus) | {*_UNNAMED_STATUSES}
_NUMBER = re.compile(r"[-+]?[0-9]{1,9}", re.ASCII)
_LARGE_BODY, _LARGEST_BODY = 100 * 1024, 1024 * 1024


def check_retries(retries: HTTPRetry, faults: Faults, release: int) -> None:
    """RE-7: attempts, conditions and times."""
    attempts = retries.attempts or 0
    if attempts < 0:
        faults.reject(retries, "attempts", f"attempts is negative ({attempts})", "0 and more are allowed.")
    if attempts == 0:
        for attribute in ("per_try_timeout", "retry_on", "retry_remote_localities"):
            if getattr(retries, attribute) not in (None, ""):
                what = f"retries are off, for attempts is {'0' if retries.attempts == 0 else 'missing'}"
                faults.reject(retries, attribute, what, "Write attempts: 2, or retries: {} for none.")
                break
    check_durations(retries, faults, "per_try_timeout")
    if release >= _BACKOFF_SINCE:
        check_durations(retries, faults, "backoff")
    for condition in retries.retry_on.split(",") if retries.retry_on else ():
        if condition not in RETRY_CONDITIONS and not _is_status(condition):
            what = f"retryOn has no such condition ({shown(condition)})"
            allowed = f"Allowed are status codes and {', '.join(RETRY_CONDITIONS)}."
            if condition.strip() in ("", *RETRY_CONDITIONS):
                what = f"retryOn has a blank or nothing beside a comma ({shown(condition)})"
                allowed = "Write conditions with a comma and nothing else between them."
            faults.reject(retries, "retry_on", what, allowed)


def _is_status(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and int(text) in _STATUSES


def check_redirect(redirect: HTTPRedirect, matches: tuple[HTTPMatchRequest, ...], faults: Faults) -> None:
    """Where to, by which code; `prefixRewrite` needs matches by prefix."""
    has_target = redirect.uri or redirect.authority or redirect.scheme or redirect.prefix_rewrite
    if not has_target and redirect.port is None and redirect.derive_port is None:
        what = "a redirect leads back to the same place"
        faults.reject(redirect, "", what, "Write uri, prefixRewrite, authority, scheme or port.")
    code = redirect.redirect_code
    if code and not 300 <= code <= 399:
        faults.reject(
            redirect, "redirect_code", f"redirectCode is no redirect ({code})", "Write 301, 302, 303, 307 or 308."
        )
    if redirect.scheme not in (None, "", "http", "https"):
        what = f"scheme is not known ({shown(redirect.scheme)})"
        faults.reject(redirect, "scheme", what, "Write http or https.")
    if redirect.port:
        check_port(redirect, "port", redirect.port, faults)
    if not redirect.prefix_rewrite:
        return
    if redirect.uri:
        faults.reject(redirect, "prefix_rewrite", "uri and prefixRewrite exclude each other", "Keep one of them.")
    for match in matches:
        if match.uri is not None and match.uri.prefix is None:
            what = "prefixRewrite needs matches by prefix"
            faults.reject(match, "uri", what, "Write uri: {prefix: ...}, or redirect by uri.")


def check_rewrite(rewrite: HTTPRewrite, faults: Faults) -> None:
    """Path by prefix or by regular expression, authority."""
    regex = rewrite.uri_regex_rewrite
    if rewrite.uri and regex is not None:
        what = "uri and uriRegexRewrite exclude each other"
        faults.reject(rewrite, "uri_regex_rewrite", what, "Keep one of them.")
    if not rewrite.uri and not rewrite.authority and regex is None:
        faults.reject(rewrite, "", "rewrite changes nothing", "Write uri, uriRegexRewrite or authority.")
    if regex is None:
        return
    for attribute in ("match", "rewrite"):
        if not getattr(regex, attribute):
            faults.reject(regex, attribute, f"{attribute} is empty", "uriRegexRewrite needs match and rewrite.")
    if regex.match and (fault := regex_fault(regex.match)):
        faults.reject(regex, "match", f"match {fault} ({shown(regex.match)})", AN_RE2)


def check_direct_response(response: HTTPDirectResponse, faults: Faults) -> None:
    """Status and size of the body."""
    _check_status(response, "status", response.status, faults)
    body = response.body
    if body is None:
        return
    attribute, size = (
        ("string", len(body.string.encode(errors="surrogatepass")))
        if body.string
        else ("bytes", len(body.bytes or b""))
    )
    if size > _LARGEST_BODY:
        what = f"body is larger than {_LARGEST_BODY} bytes ({size})"
        faults.reject(body, attribute, what, "Serve it by an upstream.")
    elif size > _LARGE_BODY:
        what = f"body is larger than {_LARGE_BODY} bytes ({size})"
        faults.caution(body, attribute, what, "It is sent to every proxy.")


def _check_status(message: Message, attribute: str, status: int, faults: Faults) -> None:
    if not 200 <= status <= 600:
        faults.reject(message, attribute, f"status is out of range ({status})", "200 to 599 are allowed.")


def check_fault(fault: HTTPFaultInjection, faults: Faults) -> None:
    """Delay and abort."""
    delay, abort = fault.delay, fault.abort
    if delay is None and abort is None:
        faults.reject(fault, "", "fault is empty", "Write delay or abort.")
    if delay is not None:
        _check_percentage(delay, delay.percentage, faults)
        check_durations(delay, faults, "fixed_delay")
        if delay.exponential_delay is not None:
            what = f"exponentialDelay does not exist in Istio ({delay.exponential_delay})"
            faults.reject(delay, "exponential_delay", what, "Write fixedDelay.")
    if abort is None:
        return
    _check_percentage(abort, abort.percentage, faults)
    if abort.http_status is not None:
        _check_status(abort, "http_status", abort.http_status, faults)
    if abort.grpc_status is not None and abort.grpc_status not in _GRPC_STATUSES:
        what = f"grpcStatus is not known ({shown(abort.grpc_status)})"
        faults.reject(abort, "grpc_status", what, f"Allowed are {', '.join(_GRPC_STATUSES)}.")
    if abort.http2_error is not None:
        what = f"http2Error does not exist in Istio ({shown(abort.http2_error)})"
        faults.reject(abort, "http2_error", what, "Write httpStatus or grpcStatus.")


def _check_percentage(message: Message, percent: Percent | None, faults: Faults) -> None:
    value = percent.value if percent is not None else None
    if value and not 0.0001 <= value <= 100:
        what = f"percentage is out of range ({value:g})"
        faults.reject(message, "percentage", what, "0, and 0.0001 to 100 are allowed.")


def check_cors(policy: CorsPolicy, faults: Faults, release: int) -> None:
    """Origins, methods, headers, age."""
    for origin in policy.allow_origins:
        if not (origin.exact or origin.prefix or origin.regex):
            faults.reject(origin, "", "an origin is empty", "Write exact, prefix or regex.")
        check_string(origin, "allowOrigins", faults, may_be_empty=True)
    methods = (*_METHODS, "*") if release >= _ANY_METHOD_SINCE else _METHODS
    for index, method in enumerate(policy.allow_methods):
        if method not in methods:
            what = f"method is not known ({shown(method)})"
            faults.reject(policy, f"allow_methods[{index}]", what, f"Allowed are {', '.join(methods)}.")
    for attribute in ("allow_headers", "expose_headers"):
        for index, name in enumerate(getattr(policy, attribute)):
            if fault := cors_name_fault(name):
                what = f"header {fault} ({shown(name)})"
                faults.reject(policy, f"{attribute}[{index}]", what, "Write the name of a header, or *.")
    check_durations(policy, faults, "max_age")
    age = policy.max_age
    if age is not None and age.nanos >= 1_000_000 and age.nanos % 1_000_000_000:
        faults.reject(policy, "max_age", f"maxAge is not in whole seconds ({age})", "Write whole seconds.")
