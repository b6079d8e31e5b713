"""An answer without addresses that does not last.

What it does
From Istio 1.31 on it writes `resolution: DNS_ROUND_ROBIN`: an answer without addresses changes nothing then, the last
ones stay in use, and addresses that are gone are left all the same. Before 1.31 connections to those would be kept,
so there, and where an entry has several endpoints, it adds an EnvoyFilter that sets `dns_refresh_rate`: after such an
answer, or one with a time to live of 0, Envoy otherwise asks again only after the mesh's `dnsRefreshRate`, 60 s by
default. The same for all hosts is `dnsRefreshRate: 5s` in MeshConfig.

How it is proved
In dns-nxdomain-blip and dns-empty: with DNS the cluster is empty until the next look-up, with DNS_ROUND_ROBIN nothing
fails. In dns-ttl-0 the new addresses are found within the refresh rate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from unstale.remedy.editing.edit import Addition, Edit
from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Manifest
from unstale.remedy.parts.envoy_filter import dns_refresh_filter
from unstale.remedy.parts.service_entry import resolution, service_entry
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site


def _edits(site: Site) -> Iterator[Edit | Addition]:
    hosts = [host for host in site.hosts if not host.startswith("*")]
    if hosts:
        facts = replace(site.facts(hosts[0]), host=hosts[0] if len(hosts) == 1 else site.written.name or hosts[0])
        is_empty = site.finding.code == "UNS307"
        if is_empty and facts.keeps_addresses and len(hosts) == len(site.hosts) and _may_keep(site):
            yield site.set(("spec", "resolution"), resolution(facts))
        else:
            yield site.add(dns_refresh_filter(facts, hosts))


def _may_keep(site: Site) -> bool:
    """It is looked up by its own name, once: Envoy refuses DNS_ROUND_ROBIN with several endpoints."""
    spec = site.written.spec
    several = spec.get("endpoints") or spec.get("workloadSelector") or len(spec.get("addresses") or ()) > 1
    alone = all(len(site.objects.of("ServiceEntry", host)) == 1 for host in site.hosts)
    return spec.get("resolution") == "DNS" and alone and not several


def _manifests(facts: HostFacts) -> Iterator[Manifest]:
    if facts.keeps_addresses and facts.ttl_s != 0:
        yield service_entry(facts)
    elif not facts.host.startswith("*"):
        yield dns_refresh_filter(facts, (facts.host,))


REMEDY = Remedy(
    codes=("UNS306", "UNS307"),
    causes=("dns_failure", "no_healthy_upstream"),
    scenarios=("dns-nxdomain-blip", "dns-empty", "dns-ttl-0"),
    edits=_edits,
    manifests=_manifests,
)
