"""Retries with a backoff that spans a DNS refresh.

What it does
Gives the retries of a rule a `backoff` (Istio 1.26 or newer) and as many attempts as outlast the time to live. Pauses
spread the retries, so that a server in trouble is not hit by all of them at once. Older releases know no `backoff`;
there the attempts are cut to three.

How it is proved
In rotation-sudden and firewall-rst retries without pauses are over in a fraction of a second and fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from unstale.remedy.editing.edit import Addition, Edit
from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Because, Manifest
from unstale.remedy.parts.retries import retries
from unstale.remedy.parts.virtual_service import virtual_service
from unstale.remedy.remedies.split_retries_by_method import retry_edits
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site

_FEW = 3


def _edits(site: Site) -> Iterator[Edit | Addition]:
    rule = site.rule
    gateways = site.get(("spec", "gateways")) or ["mesh"]
    if rule is None or ("mesh" in gateways and len(gateways) > 1):
        return
    path = (*rule, "retries")
    facts = site.facts(next(iter(site.hosts), ""))
    if not facts.has_retry_backoff:
        yield site.set((*path, "attempts"), Because(_FEW, "more would multiply the load of a server in trouble"))
        return
    budget_s = site.budget_s(rule)
    facts = replace(facts, latency_budget_s=budget_s) if budget_s else facts
    wanted = retries(facts, str(site.get((*path, "retryOn")) or ""))
    yield from retry_edits(site, rule, {name: wanted[name] for name in ("attempts", "backoff")})


def _manifests(facts: HostFacts) -> Iterator[Manifest]:
    made = virtual_service(facts)
    if made is not None:
        yield made


REMEDY = Remedy(
    codes=("UNS112",),
    causes=("lb_ip_changed",),
    scenarios=("rotation-sudden", "firewall-rst"),
    edits=_edits,
    manifests=_manifests,
)
