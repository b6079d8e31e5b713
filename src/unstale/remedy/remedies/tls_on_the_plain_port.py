"""TLS originated on the port that is called without it, and nowhere else.

What it does
Moves `tls` from the top of the traffic policy to an entry for the plain port, with the other blocks repeated there, for
such an entry inherits nothing. On the port where applications speak TLS themselves it would be spoken twice.

How it is proved
In tls-originated-rotation-slow and tls-passthrough-rotation-slow, one for each of the two ports.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from unstale.remedy.editing.edit import Edit, Path
from unstale.remedy.manifest import Because
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site
from unstale.remedy.traffic_policies import TOP

_BLOCKS = ("loadBalancer", "connectionPool", "outlierDetection", "tls")


def _edits(site: Site) -> Iterator[Edit]:
    policy = site.get(TOP)
    if "portLevelSettings" in site.path and "tls" in site.path:
        yield _off(site, site.path[: site.path.index("tls") + 1])
        return
    made_any = False
    if site.written.kind != "DestinationRule" or not isinstance(policy, Mapping) or "tls" not in policy:
        return
    entries = policy.get("portLevelSettings") or []
    known = {entry.get("port", {}).get("number") for entry in entries}
    kept = {name: policy[name] for name in _BLOCKS if name in policy}
    for host in site.hosts:
        made = [{"port": {"number": port.number}, **kept} for port in site.facts(host).read_ports]
        made = [entry for entry in made if entry["port"]["number"] not in known]
        made_any = made_any or bool(made)
        if not entries and made:
            yield site.set((*TOP, "portLevelSettings"), made)
        for offset, entry in enumerate(made if entries else ()):
            yield site.insert((*TOP, "portLevelSettings", len(entries) + offset), entry)
    if made_any or entries or len(policy) > 1:
        yield site.remove((*TOP, "tls"))
    else:
        yield _off(site, (*TOP, "tls"))


def _off(site: Site, path: Path) -> Edit:
    """A traffic policy needs some field, so TLS is switched off rather than taken out of an entry that has no other."""
    return site.set(path, {"mode": Because("DISABLE", "applications encrypt already")})


REMEDY = Remedy(
    codes=("UNS203",),
    causes=("tls_mismatch",),
    scenarios=("tls-originated-rotation-slow", "tls-passthrough-rotation-slow"),
    edits=_edits,
)
