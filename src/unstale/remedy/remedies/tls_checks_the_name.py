"""TLS that the sidecar originates, with the name that is asked for and the names that are accepted.

What it does
Adds `tls` with mode SIMPLE, `sni` and `subjectAltNames` where plain text goes to a TLS port; writes `sni` where Envoy
has no HTTP authority to take it from; replaces `insecureSkipVerify` by the host's name. An address that was released is
soon somebody else's, whose certificate is good for another name.

How it is proved
In tls-originated-address-reused: a stranger's certificate is refused, and the request goes elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from unstale.remedy.editing.edit import Addition, Edit
from unstale.remedy.facts import Encryption, HostFacts
from unstale.remedy.manifest import Because, Manifest
from unstale.remedy.parts.destination_rule import destination_rule
from unstale.remedy.parts.tls import client_tls
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site
from unstale.remedy.traffic_policies import Block, each_block


def _edits(site: Site) -> Iterator[Edit | Addition]:
    encrypted = replace(site, known=replace(site.known, encryption=Encryption.ORIGINATED))
    if site.finding.code == "UNS204" and site.written.kind == "ServiceEntry":

        def change(block: Block, facts: HostFacts) -> Iterator[Edit]:
            yield site.set((*block.path, "tls"), client_tls(facts), block.rule)

        yield from each_block(encrypted, change)
        return
    host = next(iter(site.hosts), "")
    where = site.path[: site.path.index("tls") + 1] if "tls" in site.path else None
    if where is None or not host or host.startswith("*"):
        return
    if site.finding.code == "UNS206":
        yield site.set((*where, "sni"), host)
        return
    if site.get((*where, "insecureSkipVerify")):
        yield site.remove((*where, "insecureSkipVerify"))
    if not site.get((*where, "subjectAltNames")):
        yield site.set(
            (*where, "subjectAltNames"), Because([host], "whoever got a released address shows another name")
        )


def _manifests(facts: HostFacts) -> Iterator[Manifest]:
    yield destination_rule(replace(facts, encryption=Encryption.ORIGINATED))


REMEDY = Remedy(
    codes=("UNS204", "UNS206", "UNS207"),
    causes=("tls_mismatch",),
    scenarios=("tls-originated-address-reused",),
    edits=_edits,
    manifests=_manifests,
)
