"""Retries split by method, with pauses that span a DNS refresh.

What it does
One rule becomes two. GET, HEAD, OPTIONS, PUT and DELETE are repeated after a cut connection too (`reset`); everything
else only where nothing was sent (`connect-failure,refused-stream,reset-before-request`), so no POST runs twice. The
`attempts` and the `backoff` of both outlast the host's time to live, inside the rule's own time-out.

How it is proved
In rotation-sudden the right address is known one time to live after the move; in runs-then-cuts and own-503 whoever
repeats a POST runs it twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from unstale.remedy.editing.edit import Addition, Edit, Path
from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Manifest, Value
from unstale.remedy.parts.retries import AGAIN, HAS_KEY, MAY_REPEAT, SAFE, http_rules, key_match, retries
from unstale.remedy.parts.virtual_service import virtual_service
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site

_ONCE_ONLY = ("POST", "PATCH")


def _edits(site: Site) -> Iterator[Edit | Addition]:
    rule = site.rule
    if rule is None:
        yield from _rules_for_hosts_without(site)
        return
    facts = _within(site, rule)
    admitted = _methods(site.get((*rule, "match")), facts)
    if not any(method in facts.repeatable for method in admitted):
        yield from retry_edits(site, rule, retries(facts, SAFE))
    elif not any(method in _ONCE_ONLY for method in admitted):
        yield from retry_edits(site, rule, retries(facts, AGAIN))
    else:
        yield from retry_edits(site, rule, retries(facts, SAFE))
        for rule_value in reversed(_earlier_rules(site, rule, facts)):
            yield site.insert(rule, rule_value)


def _rules_for_hosts_without(site: Site) -> Iterator[Edit | Addition]:
    """The finding is about a ServiceEntry whose hosts have no rules at all."""
    for host in site.hosts:
        facts = site.facts(host)
        made = virtual_service(facts)
        rules = site.objects.of("VirtualService", host)
        if made is not None and not rules:
            yield site.add(made)
        elif rules and "http" not in rules[0].spec:
            yield site.set(("spec", "http"), http_rules(facts), rules[0])


def _within(site: Site, rule: Path) -> HostFacts:
    """The facts of the rule's host, with the rule's own time-out as the budget."""
    facts = site.facts(next(iter(site.hosts), ""))
    budget_s = site.budget_s(rule)
    return replace(facts, latency_budget_s=budget_s) if budget_s else facts


def retry_edits(site: Site, rule: Path, wanted: Mapping[str, Value]) -> Iterator[Edit]:
    """Set the fields of a rule's retries; a time-out of one try goes, for with so many tries it cannot be kept."""
    path = (*rule, "retries")
    written = site.get(path)
    if not isinstance(written, Mapping) or not written:
        yield site.set(path, dict(wanted))
        return
    for name, value in wanted.items():
        yield site.set((*path, name), value)
    if "perTryTimeout" in written:
        yield site.remove((*path, "perTryTimeout"))


def _earlier_rules(site: Site, rule: Path, facts: HostFacts) -> list[Value]:
    """Copies of the rule for what may be repeated; they stand in front of it."""
    whole = dict(site.get(rule))
    matches = whole.get("match") or [{}]
    made: list[Value] = [_copy(whole, MAY_REPEAT, [_narrowed(match, facts) for match in matches], facts, keyed=False)]
    if facts.idempotency_key:
        keyed = [_with_key(match, facts) for match in matches]
        made.append(_copy(whole, HAS_KEY, keyed, facts, keyed=True))
    return made


def _copy(
    whole: Mapping[str, Any], suffix: str, matches: list[Any], facts: HostFacts, *, keyed: bool
) -> dict[str, Value]:
    name = f"{whole['name']}-{suffix}" if whole.get("name") else suffix
    kept = {key: value for key, value in whole.items() if key not in ("name", "match", "retries")}
    return {"name": name, "match": matches, "retries": retries(facts, AGAIN, keyed=keyed), **kept}


def _narrowed(match: Any, facts: HostFacts) -> dict[str, Value]:
    """A condition that lets only methods through that may be repeated; its name is told apart from the other's."""
    admitted = [method for method in _of_match(match, facts) if method in facts.repeatable]
    named = {"name": f"{match['name']}-{MAY_REPEAT}"} if match.get("name") else {}
    return {**match, **named, "method": {"regex": "|".join(admitted or facts.repeatable)}}


def _with_key(match: Any, facts: HostFacts) -> dict[str, Value]:
    key = key_match(facts)["headers"]
    assert isinstance(key, Mapping)
    named = {"name": f"{match['name']}-{HAS_KEY}"} if match.get("name") else {}
    return {**match, **named, "headers": {**match.get("headers", {}), **key}}


def _methods(matches: Any, facts: HostFacts) -> tuple[str, ...]:
    """The methods that some condition of a rule lets through."""
    if not matches:
        return (*facts.repeatable, *_ONCE_ONLY)
    return tuple(dict.fromkeys(method for match in matches for method in _of_match(match, facts)))


def _of_match(match: Any, facts: HostFacts) -> tuple[str, ...]:
    every = (*facts.repeatable, *_ONCE_ONLY)
    condition = match.get("method") if isinstance(match, Mapping) else None
    if not isinstance(condition, Mapping):
        return every
    if "exact" in condition:
        return tuple(method for method in every if method == condition["exact"])
    if "prefix" in condition:
        return tuple(method for method in every if method.startswith(str(condition["prefix"])))
    try:
        pattern = re.compile(str(condition.get("regex", ".*")))
    except re.error:
        return every
    return tuple(method for method in every if pattern.fullmatch(method))


def _manifests(facts: HostFacts) -> Iterator[Manifest]:
    made = virtual_service(facts)
    if made is not None:
        yield made


REMEDY = Remedy(
    codes=("UNS101", "UNS102", "UNS103", "UNS104"),
    causes=("stale_keepalive_race", "lb_ip_changed", "connect_refused", "connect_timeout"),
    scenarios=("rotation-sudden", "runs-then-cuts", "own-503"),
    edits=_edits,
    manifests=_manifests,
)
