"""A ServiceEntry with which the mesh follows DNS.

What it does
Makes the host known, or gives it the resolution that fits: `DNS` for a name, `DYNAMIC_DNS` for a wildcard (Istio 1.30
or newer, `NONE` before), and no addresses that were written down once. Connections to an address that has left DNS are
drained then, and retries have somewhere else to go.

How it is proved
In rotation-slow: without it every request fails from the moment the old nodes hang up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from unstale.remedy.editing.edit import Addition, Edit
from unstale.remedy.facts import HostFacts, is_host
from unstale.remedy.manifest import Manifest
from unstale.remedy.parts.service_entry import resolution, service_entry
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site

_URL = re.compile(r"[a-z][a-z0-9+.-]*://([^/\s?#]+)", re.IGNORECASE)
_FOR_UNKNOWN_HOSTS = frozenset({"UNS301", "UNS503", "UNS505", "UNS509"})


def _edits(site: Site) -> Iterator[Edit | Addition]:
    if site.finding.code in _FOR_UNKNOWN_HOSTS:
        for host in site.hosts or hosts_in(str(site.get(site.path) or "")):
            if not site.objects.of("ServiceEntry", host) and "." in host:
                yield site.add(service_entry(site.facts(host)))
        return
    if site.written.kind != "ServiceEntry":
        return
    wildcards = [host for host in site.hosts if host.startswith("*")]
    facts = site.facts(next(iter(wildcards or site.hosts), ""))
    if site.finding.code == "UNS303" and site.get(("spec", "endpoints")) is not None:
        yield site.remove(("spec", "endpoints"))
    yield site.set(("spec", "resolution"), resolution(facts))


def hosts_in(text: str) -> tuple[str, ...]:
    """The host that a value of a pod's environment or arguments names, alone or in a URL."""
    found = _URL.search(text)
    host = (found[1] if found else text.strip()).rsplit("@", 1)[-1].partition(":")[0]
    return (host,) if is_host(host) else ()


def _manifests(facts: HostFacts) -> Iterator[Manifest]:
    yield service_entry(facts)


REMEDY = Remedy(
    codes=("UNS301", "UNS302", "UNS303", "UNS309", "UNS503", "UNS505", "UNS509"),
    causes=("lb_ip_changed",),
    scenarios=("rotation-slow",),
    edits=_edits,
    manifests=_manifests,
)
