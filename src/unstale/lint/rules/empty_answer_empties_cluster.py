"""One empty answer of DNS takes the host away for a minute.

What it means
When DNS says once that the name does not exist or has no address, Envoy empties the cluster at once, every request gets
503 UH, and retries cannot help. It asks again only after `dnsRefreshRate`, 60 s by default, however short the blip was.

How we know
The proxy looks the host up (`resolution: DNS` or DNS_ROUND_ROBIN) and the refresh rate of its cluster is above 10 s:
the mesh's `dnsRefreshRate` with what EnvoyFilters make of it. Measured: a blip of 3 s made an outage of 60 s. With
`--dns` it is also told if the name has no address right now.

What to do
Set `dnsRefreshRate` of the mesh to 5 to 10 s, or `dns_refresh_rate` of this cluster with an EnvoyFilter; let the local
resolver serve stale answers.

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
      resolution: DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}
    ---
    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: api-dns
      namespace: shop
    spec:
      configPatches:
      - applyTo: CLUSTER
        match: {context: SIDECAR_OUTBOUND, cluster: {service: api.example.com}}
        patch: {operation: MERGE, value: {dns_refresh_rate: 5s}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.dns_refresh import LONGEST_S, refresh_s
from unstale.lint.finding import Severity
from unstale.lint.host_port import HostPort, by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_EMPTY = ("NXDOMAIN", "NODATA")


def _check(view: View) -> Iterator[Hit]:
    for port, hosts in by_port(port for port in view.external_ports if port.is_dns):
        seconds = refresh_s(port, view)
        if seconds <= LONGEST_S or not _is_slowest(port, seconds, view):
            continue
        message = f"an empty DNS answer for {hosts} lasts {seconds:g} s, the dnsRefreshRate{view.unless_mesh}"
        empty = [name for name in port.names if (answer := view.answer(name)) and answer.status in _EMPTY]
        if empty:
            message = f"DNS has no address for {', '.join(empty)} now, and each such answer lasts {seconds:g} s"
        yield Hit(origin=port.resolution_place, message=message)


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
