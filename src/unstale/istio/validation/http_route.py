"""Rules for the HTTP rules of a VirtualService; RE-7 is about retries."""

from __future__ import annotations

from unstale.istio.faults import Faults
from unstale.istio.message import Message
from unstale.istio.validation.headers import check_headers, is_authority
from unstale.istio.validation.http_action import (
    check_cors,
    check_direct_response,
    check_fault,
    check_redirect,
    check_retries,
    check_rewrite,
)
from unstale.istio.validation.http_match import check_match
from unstale.istio.validation.names import A_WILDCARD_HOST, wildcard_domain_fault
from unstale.istio.validation.values import check_durations, check_port, check_subset_name
from unstale.istio.virtual_service import (
    Destination,
    HTTPRoute,
    HTTPRouteDestination,
    Percent,
    RouteDestination,
)
from unstale.istio.wording import shown


def check_http_route(route: HTTPRoute, faults: Faults, release: int, *, is_delegate: bool, is_converted: bool) -> None:
    """One rule; `is_delegate` if its VirtualService has no hosts, `is_converted` if Istio made it itself."""
    _check_actions(route, faults, is_delegate=is_delegate)
    for match in route.match:
        check_match(match, faults)
    check_headers(route.headers, faults)
    _check_one_authority(route, faults)
    for destination in route.route:
        check_headers(destination.headers, faults)
        if not is_converted:
            check_destination(destination.destination, faults)
    check_weights(route, route.route, faults)
    _check_mirrors(route, faults, may_be_both=route.delegate is not None and not is_delegate)
    check_durations(route, faults, "timeout")
    if route.cors_policy is not None:
        check_cors(route.cors_policy, faults, release)
    if route.fault is not None:
        check_fault(route.fault, faults)
    if route.redirect is not None:
        check_redirect(route.redirect, route.match, faults)
    if route.direct_response is not None:
        check_direct_response(route.direct_response, faults)
    if route.retries is not None:
        check_retries(route.retries, faults, release)
    if route.rewrite is not None:
        check_rewrite(route.rewrite, faults)


def check_destination(destination: Destination, faults: Faults) -> None:
    """Host, subset and port of a destination."""
    host = destination.host
    fault = "stands for every name" if host == "*" else wildcard_domain_fault(host)
    if fault:
        faults.reject(destination, "host", f"host {fault} ({shown(host)})", A_WILDCARD_HOST)
    if destination.subset:
        check_subset_name(destination, "subset", destination.subset, faults)
    check_port(destination, "port", destination.port, faults)


def check_weights(
    route: Message,
    destinations: tuple[HTTPRouteDestination, ...] | tuple[RouteDestination, ...],
    faults: Faults,
) -> None:
    """Weights of a split: none negative, and of several destinations one at least above 0."""
    for destination in destinations:
        if destination.weight is not None and destination.weight < 0:
            what = f"weight is negative ({destination.weight})"
            faults.reject(destination, "weight", what, "0 and more are allowed.")
    if len(destinations) > 1 and not sum(destination.weight or 0 for destination in destinations):
        what = f"the weights of {len(destinations)} destinations add up to 0"
        faults.reject(route, "route", what, "Give one of them a weight.")


def _check_actions(route: HTTPRoute, faults: Faults, *, is_delegate: bool) -> None:
    if route.delegate is not None and not is_delegate:
        for attribute in ("redirect", "route"):
            if getattr(route, attribute):
                faults.reject(route, attribute, f"delegate and {attribute} exclude each other", _KEEP_ONE)
        return
    if route.delegate is not None:
        what = "a VirtualService without hosts cannot delegate again"
        faults.reject(route, "delegate", what, "Write route, redirect or directResponse.")
    action = "redirect" if route.redirect is not None else "directResponse"
    if route.redirect is None and route.direct_response is None:
        if not route.route:
            faults.reject(route, "route", "a rule has no action", "Write route, redirect or directResponse.")
        return
    for attribute in ("route", "fault", "rewrite"):
        if getattr(route, attribute):
            faults.reject(route, attribute, f"{attribute} and {action} exclude each other", _KEEP_ONE)
    if route.redirect is not None and route.direct_response is not None:
        what = "redirect and directResponse exclude each other"
        faults.reject(route, "direct_response", what, _KEEP_ONE)


def _check_one_authority(route: HTTPRoute, faults: Faults) -> None:
    request = route.headers.request if route.headers is not None else None
    if request is None:
        return
    has_one = bool(route.rewrite is not None and route.rewrite.authority)
    for attribute, headers in (("set", request.set), ("add", request.add)):
        for name, value in headers.items():
            if is_authority(name) and value:
                if has_one:
                    what = f"the authority is set a second time ({shown(value)})"
                    faults.reject(request, f"{attribute}{{{name}}}", what, "Set it in one place.")
                has_one = True


def _check_mirrors(route: HTTPRoute, faults: Faults, *, may_be_both: bool) -> None:
    if route.mirror is not None:
        check_destination(route.mirror, faults)
        if route.mirrors and not may_be_both:
            faults.reject(route, "mirrors", "mirror and mirrors exclude each other", _KEEP_ONE)
    for policy in route.mirrors:
        check_destination(policy.destination, faults)
        _check_share(policy, "percentage", policy.percentage, faults)
    _check_share(route, "mirror_percentage", route.mirror_percentage, faults)
    if route.mirror_percent is not None:
        if route.mirror_percent > 100:
            what = f"mirrorPercent is out of range ({route.mirror_percent})"
            faults.reject(route, "mirror_percent", what, "0 to 100 are allowed.")
        what = f"mirrorPercent is deprecated ({route.mirror_percent})"
        faults.caution(route, "mirror_percent", what, "Write mirrorPercentage: {value: ...}.")


def _check_share(message: Message, attribute: str, percent: Percent | None, faults: Faults) -> None:
    value = percent.value if percent is not None else None
    if value is not None and not 0 <= value <= 100:
        what = f"percentage is out of range ({value:g})"
        faults.reject(message, attribute, what, "0 to 100 are allowed.")


_KEEP_ONE = "Keep one of them."
