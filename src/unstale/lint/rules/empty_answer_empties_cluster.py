"""One empty answer of DNS takes the host away for a minute.

What it means
When DNS says once that the name does not exist or has no address, Envoy empties a cluster of `resolution: DNS` at once,
every request gets 503 UH, and retries cannot help. It asks again only after `dnsRefreshRate`, 60 s by default, however
short the blip was. With DNS_ROUND_ROBIN the last addresses stay in use, whatever the release; only a proxy that starts
meanwhile has none.

How we know
The resolution is DNS and the refresh rate of its cluster is above 10 s: the mesh's `dnsRefreshRate` with what
EnvoyFilters make of it. Measured: a blip of 3 s made an outage of 60 s; with LOGICAL_DNS, which is what DNS_ROUND_ROBIN
becomes, Envoy 1.38.3 and 1.40.0 kept the address through NXDOMAIN and through an answer without addresses. With `--dns`
it is also told if the name has no address right now.

What to do
From Istio 1.31 on write `resolution: DNS_ROUND_ROBIN`. Before, that would keep connections to addresses that left DNS
(UNS304), so set `dnsRefreshRate` of the mesh to 5 to 10 s, or `dns_refresh_rate` of this cluster with an EnvoyFilter.
A local resolver that serves stale answers helps everywhere.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS_ROUND_ROBIN
      ports:
      - {number: 80, name: http, protocol: HTTP}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.service_entry import Resolution
from unstale.lint.dns_refresh import LONGEST_S, refresh_s
from unstale.lint.finding import Severity
from unstale.lint.host_port import HostPort, by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_EMPTY = ("NXDOMAIN", "NODATA")
_DRAINS_SINCE = 31
"""The first release whose Envoy leaves old addresses with DNS_ROUND_ROBIN; see round_robin_keeps_old_connections."""

_NEW = "A proxy that runs keeps the last addresses; one that starts now has none until it asks again: 503 UH."
_KEEP = "Write resolution: DNS_ROUND_ROBIN, which keeps the last addresses, or set dnsRefreshRate to 5s in MeshConfig."


def _check(view: View) -> Iterator[Hit]:
    fix = _KEEP if view.release.minor >= _DRAINS_SINCE else ""
    for port, hosts in by_port(port for port in view.external_ports if port.is_dns):
        seconds = refresh_s(port, view)
        if seconds <= LONGEST_S or not _is_slowest(port, seconds, view):
            continue
        empty = [name for name in port.names if (answer := view.answer(name)) and answer.status in _EMPTY]
        if port.service.resolution is not Resolution.DNS:
            if empty:
                yield Hit(origin=port.resolution_place, message=_of_new_proxies(empty, seconds), why=_NEW, fix=RULE.fix)
            continue
        message = f"an empty DNS answer for {hosts} lasts {seconds:g} s, the dnsRefreshRate{view.unless_mesh}"
        if empty:
            message = f"DNS has no address for {', '.join(empty)} now, and each such answer lasts {seconds:g} s"
        yield Hit(origin=port.resolution_place, message=message, fix=fix)


def _of_new_proxies(names: list[str], seconds: float) -> str:
    return f"DNS has no address for {', '.join(names)} now: a proxy that starts has none for up to {seconds:g} s"


def _is_slowest(port: HostPort, seconds: float, view: View) -> bool:
    """Told at the first port of the entry that is as slow: one finding an entry is enough."""
    ports = [one for one in view.entries_by_host[port.key] if one.entry is port.entry]
    return next(one for one in ports if refresh_s(one, view) == seconds) is port


RULE = Rule(
    code="UNS307",
    severity=Severity.WARNING,
    check=_check,
    scenario="dns-empty",
    why="An answer without addresses empties the cluster: 503 UH until the next look-up, and no retry helps.",
    fix="Set dnsRefreshRate to 5s in MeshConfig, or dns_refresh_rate of the cluster with an EnvoyFilter.",
)
