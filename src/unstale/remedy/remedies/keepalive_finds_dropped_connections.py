"""TCP keepalive that finds a silently dropped connection before a request needs it.

What it does
Writes `tcpKeepalive` with a first probe after 30 s, and a `timeout` for rules that have none, so that nothing waits for
ever. A firewall that forgets a connection sends no reset; only a probe, or a time-out, can tell.

How it is proved
In firewall-drop and nat-forgets.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.remedy.editing.edit import Addition, Edit
from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Because, Manifest, seconds
from unstale.remedy.parts.connection_pool import tcp_keepalive
from unstale.remedy.parts.destination_rule import destination_rule
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site
from unstale.remedy.traffic_policies import Block, each_block


def _edits(site: Site) -> Iterator[Edit | Addition]:
    rule = site.rule
    facts = site.facts(next(iter(site.hosts), ""))
    if site.finding.code == "UNS405":
        where = site.path if site.field == "tcpKeepalive" else site.up_to("tcpKeepalive") or site.path
        yield site.set(where, tcp_keepalive(facts))
        return
    if rule is not None and not site.budget_s(rule):
        reason = "the longest that a caller waits, all tries together"
        yield site.set((*rule, "timeout"), Because(seconds(facts.latency_budget_s), reason))

    def change(block: Block, facts: HostFacts) -> Iterator[Edit]:
        path = (*block.path, "connectionPool", "tcp", "tcpKeepalive")
        if block.rule.get(path) is None:
            yield site.set(path, tcp_keepalive(facts), block.rule)

    yield from each_block(site, change, reads_only=False)


def _manifests(facts: HostFacts) -> Iterator[Manifest]:
    yield destination_rule(facts)


REMEDY = Remedy(
    codes=("UNS105", "UNS405"),
    causes=("firewall_or_nat_drop", "blackhole_or_no_route"),
    scenarios=("firewall-drop", "nat-forgets"),
    edits=_edits,
    manifests=_manifests,
)
