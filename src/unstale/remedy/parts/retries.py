"""HTTP rules: what may be repeated is, for as long as a DNS refresh takes; what may not only where nothing was sent.

A connection that breaks after the request was sent says nothing of whether the server ran it. So rules are split by
method: GET, HEAD, OPTIONS, PUT and DELETE may be repeated after a `reset`. All others only where the server cannot have
seen them: it refused the connection or the stream, or not a byte of the request had left.
"""

from __future__ import annotations

from collections.abc import Mapping

from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Because, Value, seconds
from unstale.remedy.patience import UNKNOWN_TTL_S, patience_for

SAFE = "connect-failure,refused-stream,reset-before-request"
AGAIN = f"{SAFE},reset"
MAY_REPEAT = "may-be-repeated"
HAS_KEY = "carries-an-idempotency-key"
ONCE = "must-not-run-twice"

_SHORTEST_TRY_S = 1.0
"""A machine may stand still for less."""


def http_rules(facts: HostFacts) -> list[Value]:
    """The rules of a VirtualService, the last one for everything else."""
    route: Value = [{"destination": {"host": facts.host}}]
    rules: list[Value] = [
        {"name": MAY_REPEAT, "match": [method_match(facts)], "route": route, **limits(facts, AGAIN)},
    ]
    if facts.idempotency_key:
        rules.append({"name": HAS_KEY, "match": [key_match(facts)], "route": route, **limits(facts, AGAIN, keyed=True)})
    rules.append({"name": ONCE, "route": route, **limits(facts, SAFE)})
    return rules


def method_match(facts: HostFacts) -> Mapping[str, Value]:
    """The methods that may be repeated."""
    return {"method": {"regex": "|".join(facts.repeatable)}}


def key_match(facts: HostFacts) -> Mapping[str, Value]:
    """Requests whose repetition the server recognizes."""
    return {"headers": {facts.idempotency_header: {"regex": ".+"}}}


def limits(facts: HostFacts, retry_on: str, *, keyed: bool = False) -> dict[str, Value]:
    """Time-out and retries of one rule."""
    return {
        "timeout": Because(seconds(facts.latency_budget_s), "the longest that a caller waits, all tries together"),
        "retries": retries(facts, retry_on, keyed=keyed),
    }


def retries(facts: HostFacts, retry_on: str, *, keyed: bool = False) -> dict[str, Value]:
    """The retries alone."""
    patience = patience_for(facts)
    lasting = f"{patience.mean_s:.0f} s of patience on average, {patience.least_s:.0f} s at least"
    made: dict[str, Value] = {"attempts": Because(patience.attempts, f"{lasting}{_span(facts)}")}
    if facts.has_retry_backoff:
        made["backoff"] = Because(
            seconds(patience.base_s), "each pause is drawn up to a bound that doubles from here to ten times this"
        )
    try_s = _try_s(facts, patience.attempts)
    if try_s is not None and retry_on == AGAIN:
        made["perTryTimeout"] = Because(seconds(try_s), "a server that accepts and never answers costs one try")
    made["retryOn"] = Because(retry_on, _reason(retry_on, keyed))
    if facts.has_retry_backoff:
        made["retryIgnorePreviousHosts"] = Because(
            False, "where one address is left, the next try must be allowed to use it again"
        )
    return made


def _try_s(facts: HostFacts, attempts: int) -> float | None:
    """Twice the slowest good answer; None where that many tries do not fit into the time-out, or none is known."""
    if facts.slowest_answer_s is None:
        return None
    try_s = max(_SHORTEST_TRY_S, 2 * facts.slowest_answer_s)
    return try_s if try_s * (attempts + 1) <= facts.latency_budget_s else None


def _span(facts: HostFacts) -> str:
    ttl_s, patience = facts.ttl_s, patience_for(facts)
    if ttl_s is None:
        return f": outlasts a time to live of {UNKNOWN_TTL_S:g} s; tell a longer one with --ttl"
    if patience.least_s >= ttl_s:
        return f": outlasts the time to live of {ttl_s:g} s"
    return f"; the time to live is {ttl_s:g} s: cap it at the resolver, or give callers more time"


def _reason(retry_on: str, keyed: bool) -> str:
    if keyed:
        return "unstale: ignore=UNS104 the server knows the idempotency key"
    return "only where nothing was sent" if retry_on == SAFE else "a cut connection too: running twice changes nothing"
