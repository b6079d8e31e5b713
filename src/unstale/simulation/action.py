"""What a route does with a request that it took."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator

from unstale.envoy.resource import Json
from unstale.simulation.call import Request
from unstale.simulation.outcome import Answered, Sent, Share
from unstale.simulation.virtual_host import without_port

_FAULT = "envoy.filters.http.fault"
_REDIRECT_CODES = {
    "MOVED_PERMANENTLY": 301,
    "FOUND": 302,
    "SEE_OTHER": 303,
    "TEMPORARY_REDIRECT": 307,
    "PERMANENT_REDIRECT": 308,
}


def act(route: Json, request: Request, known: frozenset[str]) -> Sent | Answered:
    """`known` are the clusters that exist. A fault comes before everything but the choice of the route."""
    fault = route.get("typed_per_filter_config", {}).get(_FAULT, {})
    if "abort" in fault and _share(fault["abort"].get("percentage", {})) >= 1:
        return Answered(status=_abort_status(fault["abort"]), because="of the fault that is injected")
    if "direct_response" in route:
        return _direct(route["direct_response"])
    if "redirect" in route:
        return _redirect(route, request)
    if "non_forwarding_action" in route:
        return Answered(status=404, because="the route forwards nothing")
    return _forward(route, request, known)


def shares(weighted: Iterable[tuple[str, int]]) -> tuple[Share, ...]:
    """Each cluster once, in the order of their first appearance."""
    sums: dict[str, int] = {}
    for name, weight in weighted:
        sums[name] = sums.get(name, 0) + weight
    total = sum(sums.values())
    return tuple(Share(cluster=name, share=weight / total) for name, weight in sums.items() if weight)


def _direct(response: Json) -> Answered:
    body = response.get("body", {})
    text = body.get("inline_string", "")
    if "inline_bytes" in body:
        text = base64.b64decode(body["inline_bytes"]).decode("utf-8", "replace")
    return Answered(status=response.get("status", 200), body=text)


def _redirect(route: Json, request: Request) -> Answered:
    action = route["redirect"]
    scheme = request.scheme
    new_scheme = "https" if action.get("https_redirect") else action.get("scheme_redirect", scheme)
    host = action.get("host_redirect") or _redirect_host(request.authority, scheme, new_scheme, action)
    if action.get("port_redirect"):
        host = f"{without_port(host)}:{action['port_redirect']}"
    path, mark, query = request.path.partition("?")
    if action.get("path_redirect"):
        path, new_mark, new_query = action["path_redirect"].partition("?")
        mark, query = (new_mark, new_query) if new_mark else (mark, query)
    elif "prefix_rewrite" in action:
        path = _with_new_prefix(route["match"], path, action["prefix_rewrite"])
    if action.get("strip_query"):
        mark = query = ""
    code = action.get("response_code", "MOVED_PERMANENTLY")
    location = f"{new_scheme}://{host}{path}{mark}{query}"
    return Answered(status=_REDIRECT_CODES.get(code, 301), location=location)


def _redirect_host(authority: str, scheme: str, new_scheme: str, action: Json) -> str:
    """A port that was the old scheme's own is left out for the new one."""
    default = {"http": ":80", "https": ":443"}.get(scheme, "")
    if new_scheme != scheme and default and authority.endswith(default) and not action.get("port_redirect"):
        return authority.removesuffix(default)
    return authority


def _forward(route: Json, request: Request, known: frozenset[str]) -> Sent | Answered:
    action = route.get("route")
    if action is None:
        return Answered(status=404, because="the route has no action")
    clusters = shares(_weighted(action, request))
    if not clusters:
        return Answered(status=503, because="the route names no cluster")
    missing = [one.cluster for one in clusters if one.cluster not in known]
    if len(missing) == len(clusters):
        status = 404 if action.get("cluster_not_found_response_code") == "NOT_FOUND" else 503
        return Answered(status=status, because=f"there is no cluster {missing[0]} (NC)")
    notes = [*_notes(route), *(f"there is no cluster {name}: its share gets 503 NC" for name in missing)]
    path, query = request.path.partition("?")[0], request.path[len(request.path.partition("?")[0]) :]
    return Sent(
        clusters=clusters,
        authority=_authority(action, request),
        path=_rewritten(route, action, path) + query,
        notes=tuple(notes),
    )


def _weighted(action: Json, request: Request) -> Iterator[tuple[str, int]]:
    if "cluster" in action:
        yield action["cluster"], 1
    if "cluster_header" in action:
        named = request.header(action["cluster_header"].lower())
        if named:
            yield named, 1
    for one in action.get("weighted_clusters", {}).get("clusters", ()):
        yield one.get("name", ""), one.get("weight", 0)


def _authority(action: Json, request: Request) -> str:
    if "host_rewrite_literal" in action:
        return str(action["host_rewrite_literal"])
    rewritten = {one.get("host_rewrite_literal") for one in action.get("weighted_clusters", {}).get("clusters", ())}
    only = next(iter(rewritten), None) if len(rewritten) == 1 else None
    return str(only) if only else request.authority


def _rewritten(route: Json, action: Json, path: str) -> str:
    if action.get("prefix_rewrite"):
        return _with_new_prefix(route.get("match", {}), path, action["prefix_rewrite"])
    return path


def _with_new_prefix(match: Json, path: str, new: str) -> str:
    """All of the path where the match was for all of it."""
    for kind in ("prefix", "path_separated_prefix"):
        if kind in match:
            return new + path[len(match[kind]) :]
    return new


def _notes(route: Json) -> Iterator[str]:
    action = route["route"]
    if "regex_rewrite" in action:
        rewrite = action["regex_rewrite"]
        pattern = rewrite.get("pattern", {}).get("regex", "")
        yield f"the path is rewritten: {pattern} becomes {rewrite.get('substitution', '')}"
    for mirror in action.get("request_mirror_policies", ()):
        yield f"a copy goes to {mirror.get('cluster', '')}"
    for name, config in route.get("typed_per_filter_config", {}).items():
        if name == _FAULT:
            yield from _fault_notes(config)


def _fault_notes(fault: Json) -> Iterator[str]:
    delay, abort = fault.get("delay"), fault.get("abort")
    if delay is not None:
        share = _share(delay.get("percentage", {}))
        yield f"fault: {100 * share:g} % of the requests wait {delay.get('fixed_delay', '0s')}"
    if abort is not None:
        share = _share(abort.get("percentage", {}))
        yield f"fault: {100 * share:g} % of the requests are answered with {_abort_status(abort)}"


def _abort_status(abort: Json) -> int:
    """An abort with a gRPC status is 200 in HTTP."""
    return int(abort.get("http_status", 200))


def _share(fraction: Json) -> float:
    """0..1; Envoy counts a fraction without a numerator as none."""
    of = _DENOMINATORS.get(fraction.get("denominator", "HUNDRED"), 100)
    return float(fraction.get("numerator", 0)) / of


_DENOMINATORS = {"HUNDRED": 100, "TEN_THOUSAND": 10_000, "MILLION": 1_000_000}
