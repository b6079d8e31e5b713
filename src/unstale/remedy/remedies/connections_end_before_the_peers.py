"""Connections that end before the server, the firewall or DNS ends them.

What it does
Writes `idleTimeout` below the server's and `maxConnectionDuration` below the firewall's lease and the server's own
limit, so the pool closes first and no request is sent into a connection that is being closed. Where a host also has
ports whose bytes pass unread, no age limit is written for those, for it would cut calls that are under way.

How it is proved
In idle-race and server-max-age, where the server closes first.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.remedy.editing.edit import Addition, Edit
from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Manifest
from unstale.remedy.parts.connection_pool import idle_timeout, max_connection_duration
from unstale.remedy.parts.destination_rule import destination_rule
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site
from unstale.remedy.traffic_policies import Block, each_block

_NEEDS_AGE = frozenset({"UNS401", "UNS304", "UNS308", "UNS310", "UNS407"})


def _edits(site: Site) -> Iterator[Edit | Addition]:
    if site.finding.code == "UNS402" and site.field == "idleTimeout":
        facts = site.facts(next(iter(site.hosts), ""))
        yield site.set(site.path, idle_timeout(facts))
        return
    if site.finding.code == "UNS407" and site.field == "maxRequestsPerConnection":
        yield site.remove(site.path)

    def change(block: Block, facts: HostFacts) -> Iterator[Edit]:
        pool = (*block.path, "connectionPool")
        if site.finding.code in _NEEDS_AGE and not block.is_shared:
            yield site.set((*pool, "tcp", "maxConnectionDuration"), max_connection_duration(facts), block.rule)
        yield site.set((*pool, "http", "idleTimeout"), idle_timeout(facts), block.rule)

    yield from each_block(site, change)


def _manifests(facts: HostFacts) -> Iterator[Manifest]:
    yield destination_rule(facts)


REMEDY = Remedy(
    codes=("UNS304", "UNS308", "UNS310", "UNS401", "UNS402", "UNS407"),
    causes=("stale_keepalive_race", "firewall_or_nat_drop", "lb_ip_changed"),
    scenarios=("idle-race", "server-max-age"),
    edits=_edits,
    manifests=_manifests,
)
