"""Names, ports and codes as Istio and Envoy have them.

What it does
Writes a host in lower case, a redirect's code as one that Envoy knows (308 for a permanent, 307 for another one), the
mode of an outbound traffic policy, and takes conditions out that are ignored or do nothing.

How it is proved
By the compiled configuration, which changes at this place only; nothing to see in the lab.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.remedy.editing.edit import Edit
from unstale.remedy.manifest import Because
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site


def _edits(site: Site) -> Iterator[Edit]:
    written = site.get(site.path)
    match site.finding.code:
        case "UNS519" if isinstance(written, str):
            yield site.set(site.path, written.lower())
        case "UNS521":
            condition = site.up_to("match")
            if condition is not None and site.get((*condition, "gateways")):
                yield site.remove((*condition, "gateways"))
        case "UNS522" if isinstance(written, dict):
            yield site.set((*site.path, "mode"), Because("REGISTRY_ONLY", "what an empty block means"))
        case "UNS523" if isinstance(written, int):
            yield site.set(site.path, Because(307, "one of those that Envoy knows; method and body are kept"))


REMEDY = Remedy(codes=("UNS519", "UNS521", "UNS522", "UNS523"), edits=_edits)
