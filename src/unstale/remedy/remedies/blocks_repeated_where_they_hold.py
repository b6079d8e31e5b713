"""Blocks of a traffic policy repeated where nothing is inherited.

What it does
Copies the connection pool, outlier detection and hashing of a host into the entries of its ports, which inherit
nothing; copies `tls` of the rule for the wildcard around a host into the rule for the host, which hides it; and takes
an empty connection pool out that only keeps the mesh's own limits away. TLS that a port lacks is left to people:
whether the sidecar shall encrypt there cannot be seen.

How it is proved
Unproved: the compiled cluster then has the very values of the block, and what they save is that block's own proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from unstale.remedy.editing.edit import Edit
from unstale.remedy.objects import Written
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site
from unstale.remedy.traffic_policies import TOP

_INHERITED = ("connectionPool", "outlierDetection", "loadBalancer")
_HASHES = ("consistentHash", "localityLbSetting")


def _edits(site: Site) -> Iterator[Edit]:
    match site.finding.code:
        case "UNS408":
            yield from _into_port(site)
        case "UNS216":
            yield from _from_wildcard(site)
        case "UNS529":
            yield from _without_empty_pool(site)


def _into_port(site: Site) -> Iterator[Edit]:
    entry = site.up_to("portLevelSettings")
    policy = site.get(entry[:-2]) if entry else None
    written = site.get(entry) if entry else None
    if entry is None or not isinstance(policy, Mapping) or not isinstance(written, Mapping):
        return
    if "tls" in policy and "tls" not in written:
        return
    for name in _INHERITED:
        if name in policy and name not in written and _matters(name, policy[name]):
            yield site.set((*entry, name), policy[name])


def _matters(name: str, block: Any) -> bool:
    return name != "loadBalancer" or (isinstance(block, Mapping) and any(field in block for field in _HASHES))


def _from_wildcard(site: Site) -> Iterator[Edit]:
    host = str(site.written.spec.get("host", "")).lower()
    around = [one for one in site.objects.every if _covers(one, host, site.written.namespace)]
    if around:
        closest = max(around, key=lambda one: len(str(one.spec["host"])))
        yield site.set((*TOP, "tls"), closest.get((*TOP, "tls")))


def _covers(one: Written, host: str, namespace: str | None) -> bool:
    """It is a rule of the same namespace, for a wildcard around the host, with TLS for all of its ports."""
    wildcard = str(one.spec.get("host", "")).lower() if one.kind == "DestinationRule" else ""
    is_around = wildcard.startswith("*.") and host != wildcard and host.endswith(wildcard[1:])
    return is_around and one.namespace == namespace and isinstance(one.get((*TOP, "tls")), Mapping)


def _without_empty_pool(site: Site) -> Iterator[Edit]:
    """The policy around it goes too where nothing else is in it; an entry of a port needs some other field."""
    if site.field != "connectionPool":
        return
    around = site.get(site.path[:-1])
    if not isinstance(around, Mapping):
        return
    if set(around) - {"connectionPool", "port"}:
        yield site.remove(site.path)
    elif "port" not in around:
        yield site.remove(site.path[:-1])


REMEDY = Remedy(codes=("UNS216", "UNS408", "UNS529"), edits=_edits)
