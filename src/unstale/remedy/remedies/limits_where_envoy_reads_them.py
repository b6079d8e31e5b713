"""Limits of connections written where they hold.

What it does
Of connections that pass through unread Envoy takes `idleTimeout` from the top of the traffic policy only: the value of
a port or a subset is written there too. An age limit there would cut calls under way, so where one stands it makes way
for an idle time-out.

How it is proved
In tls-passthrough-rotation-slow, where the application's own TLS passes through.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.remedy.editing.edit import Edit
from unstale.remedy.parts.connection_pool import idle_timeout
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site
from unstale.remedy.traffic_policies import TOP


def _edits(site: Site) -> Iterator[Edit]:
    facts = site.facts(next(iter(site.hosts), ""))
    top = (*TOP, "connectionPool", "tcp")
    if site.field == "idleTimeout":
        yield site.set((*top, "idleTimeout"), site.get(site.path))
        return
    if site.field == "maxConnectionDuration":
        if site.get((*top, "idleTimeout")) is None:
            yield site.set((*top, "idleTimeout"), idle_timeout(facts))
        yield site.remove(site.path)


REMEDY = Remedy(
    codes=("UNS403", "UNS404"),
    causes=("firewall_or_nat_drop",),
    scenarios=("tls-passthrough-rotation-slow",),
    edits=_edits,
)
