"""Of a route: time-out, retries and what is changed on the way."""

from __future__ import annotations

from collections.abc import Callable

from unstale.envoy.resource import Json
from unstale.explanation.fact import ENVOY, ISTIO, Aspect, Fact, facts
from unstale.istio.message import Message


def route_facts(route: Json, mesh: Message | None = None) -> tuple[Fact, ...]:
    """What the route says of requests that it takes; empty for one that does not forward."""
    return facts(_ASPECTS, route, mesh) if "route" in route else facts(_OWN_ANSWER, route, mesh)


def _action(name: str) -> Callable[[Json], str | None]:
    def read(route: Json) -> str | None:
        value = route["route"].get(name)
        return None if value is None else str(value)

    return read


def _timeout(route: Json) -> str | None:
    value = route["route"].get("timeout", "15s")
    return "none" if value == "0s" else str(value)


def _retries(route: Json) -> str | None:
    policy = route["route"].get("retry_policy")
    return "none" if policy is None else f"at most {policy.get('num_retries', 1)}"


def _of_policy(read: Callable[[Json], str | None]) -> Callable[[Json], str | None]:
    def of_route(route: Json) -> str | None:
        policy = route["route"].get("retry_policy")
        return None if policy is None else read(policy)

    return of_route


def _retry_on(policy: Json) -> str:
    codes = policy.get("retriable_status_codes", ())
    text = ", ".join(word for word in policy.get("retry_on", "").split(",") if word)
    return f"{text} ({', '.join(map(str, codes))})" if codes else text


def _backoff(policy: Json) -> str:
    return str(policy.get("retry_back_off", {}).get("base_interval", "0.025s"))


def _previous_hosts(policy: Json) -> str:
    return "yes" if policy.get("retry_host_predicate") else "no"


def _rewrite(route: Json) -> str | None:
    action = route["route"]
    if "regex_rewrite" in action:
        rewrite = action["regex_rewrite"]
        return f"{rewrite.get('pattern', {}).get('regex', '')} becomes {rewrite.get('substitution', '')}"
    found = action.get("prefix_rewrite")
    return None if found is None else str(found)


def _mirrors(route: Json) -> str | None:
    found = [str(mirror.get("cluster", "")) for mirror in route["route"].get("request_mirror_policies", ())]
    return ", ".join(found) or None


def _headers(name: str) -> Callable[[Json], str | None]:
    def read(route: Json) -> str | None:
        added = [one["header"]["key"] for one in route.get(f"{name}_headers_to_add", ())]
        removed = [f"-{header}" for header in route.get(f"{name}_headers_to_remove", ())]
        return ", ".join((*added, *removed)) or None

    return read


def _filter(name: str) -> Callable[[Json], str | None]:
    def read(route: Json) -> str | None:
        return "yes" if name in route.get("typed_per_filter_config", {}) else None

    return read


def _status(route: Json) -> str | None:
    if "redirect" in route:
        return "redirect"
    return "answered by Envoy itself" if "direct_response" in route else None


def _retry_aspect(name: str, read: Callable[[Json], str | None], field: str, *, otherwise: str = ISTIO) -> Aspect:
    """A route's own policy replaces the mesh's whole (RE-6)."""
    own = (f"retries.{field}", "retries") if field == "attempts" else (f"retries.{field}",)
    mesh = f"default_http_retry_policy.{field}"
    return Aspect(name=name, read=read, fields=own, mesh=mesh, replaces="retries", otherwise=otherwise)


_ASPECTS = (
    Aspect(name="time-out", read=_timeout, fields=("timeout",)),
    _retry_aspect("retries", _retries, "attempts"),
    _retry_aspect("retry on", _of_policy(_retry_on), "retry_on"),
    _retry_aspect(
        "time-out a try",
        _of_policy(lambda policy: policy.get("per_try_timeout", "none")),
        "per_try_timeout",
        otherwise="not set",
    ),
    _retry_aspect("back-off", _of_policy(_backoff), "backoff", otherwise=ENVOY),
    _retry_aspect("avoids tried hosts", _of_policy(_previous_hosts), "retry_ignore_previous_hosts"),
    Aspect(name="path becomes", read=_rewrite, fields=("rewrite.uri_regex_rewrite", "rewrite.uri", "rewrite")),
    Aspect(
        name="host becomes",
        read=_action("host_rewrite_literal"),
        fields=("rewrite.authority", "headers"),
    ),
    Aspect(name="copied to", read=_mirrors, fields=("mirrors", "mirror")),
    Aspect(name="request headers", read=_headers("request"), fields=("headers",)),
    Aspect(name="response headers", read=_headers("response"), fields=("headers",)),
    Aspect(name="fault", read=_filter("envoy.filters.http.fault"), fields=("fault",)),
    Aspect(name="CORS", read=_filter("envoy.filters.http.cors"), fields=("cors_policy",)),
)
_OWN_ANSWER = (Aspect(name="action", read=_status, fields=("redirect", "direct_response")),)
