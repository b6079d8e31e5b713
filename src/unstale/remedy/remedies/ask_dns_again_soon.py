"""An answer without addresses that does not last.

What it does
Writes `resolution: DNS_ROUND_ROBIN` where the proxy leaves addresses that are gone under it too (Istio 1.31 or newer):
then an answer without addresses changes nothing, the last ones stay in use. And adds an EnvoyFilter that sets
`dns_refresh_rate`: after such an answer, or one with a time to live of 0, Envoy otherwise asks again only after the
mesh's `dnsRefreshRate`, 60 s by default. The same for all hosts is `dnsRefreshRate: 5s` in MeshConfig.

How it is proved
In dns-nxdomain-blip and dns-empty: with DNS the cluster is empty until the next look-up, with DNS_ROUND_ROBIN nothing
fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from unstale.remedy.editing.edit import Addition, Edit
from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Manifest
from unstale.remedy.parts.envoy_filter import dns_refresh_filter
from unstale.remedy.parts.service_entry import resolution
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site


def _edits(site: Site) -> Iterator[Edit | Addition]:
    hosts = [host for host in site.hosts if not host.startswith("*")]
    if hosts:
        facts = replace(site.facts(hosts[0]), host=hosts[0] if len(hosts) == 1 else site.written.name or hosts[0])
        yield site.add(dns_refresh_filter(facts, hosts))
        if facts.keeps_addresses and len(hosts) == len(site.hosts) and _may_keep(site):
            yield site.set(("spec", "resolution"), resolution(facts))


def _may_keep(site: Site) -> bool:
    """It is looked up by its own name, once: Envoy refuses DNS_ROUND_ROBIN with several endpoints."""
    spec = site.written.spec
    several = spec.get("endpoints") or spec.get("workloadSelector") or len(spec.get("addresses") or ()) > 1
    alone = all(len(site.objects.of("ServiceEntry", host)) == 1 for host in site.hosts)
    return spec.get("resolution") == "DNS" and alone and not several


def _manifests(facts: HostFacts) -> Iterator[Manifest]:
    if not facts.host.startswith("*"):
        yield dns_refresh_filter(facts, (facts.host,))


REMEDY = Remedy(
    codes=("UNS306", "UNS307"),
    causes=("dns_failure", "no_healthy_upstream"),
    scenarios=("dns-nxdomain-blip", "dns-empty"),
    edits=_edits,
    manifests=_manifests,
)
