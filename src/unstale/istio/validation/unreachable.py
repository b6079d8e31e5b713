"""Rules of a VirtualService that can never act, as Istio's IST0130 and IST0131 tell them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from unstale.istio.faults import Faults
from unstale.istio.message import Message
from unstale.istio.virtual_service import (
    HTTPMatchRequest,
    HTTPRoute,
    L4MatchAttributes,
    StringMatch,
    TCPRoute,
    TLSMatchAttributes,
    TLSRoute,
    VirtualService,
)

_MOST_COMPARED = 400
_HIDES_ALL_SINCE = 27


def check_reachable(service: VirtualService, faults: Faults, release: int) -> None:
    """Warn of rules behind a rule that takes everything, and of matches that an earlier one covers.

    Prefixes are compared among the first _MOST_COMPARED matches, lest one object costs seconds.
    """
    hides_all = release >= _HIDES_ALL_SINCE
    for routes in (service.tls, service.tcp):
        _check_order(routes, faults, hides_all=hides_all)
    _check_prefixes(_check_order(service.http, faults, hides_all=hides_all), faults)


def _check_order(
    routes: Sequence[HTTPRoute | TLSRoute | TCPRoute], faults: Faults, *, hides_all: bool
) -> list[HTTPMatchRequest | TLSMatchAttributes | L4MatchAttributes]:
    """The matches that are new; since 1.27 a rule without any hides all behind it."""
    new: list[HTTPMatchRequest | TLSMatchAttributes | L4MatchAttributes] = []
    is_single = sum(len(route.match) for route in routes) == 1
    catch_all: Message | None = None
    seen: dict[str, Message] = {}
    for route in routes:
        if not route.match:
            if catch_all is not None:
                what = f"rule is never used: the one in line {catch_all.origin.line} has no match either"
                faults.caution(route, "", what, "Only the last rule may be without matches.")
            catch_all = route
            continue
        if catch_all is not None and hides_all:
            what = f"rule is never used: the one in line {catch_all.origin.line} takes everything"
            faults.caution(route, "", what, "Put it before that rule.")
            continue
        if is_single:
            new.extend(route.match)
            continue
        repeated = 0
        for match in route.match:
            first = seen.setdefault(_conditions(match), match)
            if first is not match:
                repeated += 1
                what = f"match is never used: it is the same as in line {first.origin.line}"
                faults.caution(match, "", what, "Remove one of them.")
            else:
                new.append(match)
        if repeated == len(route.match):
            what = "rule is never used: all its matches stand in earlier rules"
            faults.caution(route, "", what, "Remove it.")
    return new


def _conditions(match: Message) -> str:
    values = {name: getattr(match, name) or None for name in match.__slots__ if name != "name"}
    maps = {name: sorted(value.items()) for name, value in values.items() if isinstance(value, Mapping)}
    return repr({**values, **maps})


def _check_prefixes(matches: Iterable[Message], faults: Faults) -> None:
    prefixed = [m for m in matches if isinstance(m, HTTPMatchRequest) and m.uri is not None and m.uri.prefix]
    for index, earlier in enumerate(prefixed[:_MOST_COMPARED]):
        for later in prefixed[index + 1 : _MOST_COMPARED]:
            if _prefix(later) != _prefix(earlier) and _covers(earlier, later):
                what = f"match of prefix {_prefix(later)} is never used: line {earlier.origin.line} takes it"
                faults.caution(later, "", what, f"Put it before the one of prefix {_prefix(earlier)}.")


def _prefix(match: HTTPMatchRequest) -> str:
    return (match.uri.prefix if match.uri is not None else "") or ""


def _covers(earlier: HTTPMatchRequest, later: HTTPMatchRequest) -> bool:
    """As Istio judges: a missing method counts as GET there, so a later POST is not covered."""
    return (
        _prefix(later).startswith(_prefix(earlier))
        and (earlier.port or 0) == (later.port or 0)
        and (_text(earlier.method) or "exact:GET").startswith(_text(later.method) or "exact:GET")
        and _text(earlier.authority).startswith(_text(later.authority))
        and _all_cover(earlier.headers, later.headers)
        and _all_cover(earlier.query_params, later.query_params)
        and _all_cover(earlier.without_headers, later.without_headers)
    )


def _all_cover(earlier: Mapping[str, StringMatch], later: Mapping[str, StringMatch]) -> bool:
    return len(earlier) == len(later) and all(
        name in later and _text(condition).startswith(_text(later[name])) for name, condition in earlier.items()
    )


def _text(condition: StringMatch | None) -> str:
    if condition is None:
        return ""
    if condition.exact:
        return f"exact:{condition.exact}"
    return f"prefix:{condition.prefix}" if condition.prefix else ""
