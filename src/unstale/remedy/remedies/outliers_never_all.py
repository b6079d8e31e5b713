"""Outlier detection that leaves a dead address out, and never all of them.

What it does
Counts only failures of the connection (`splitExternalLocalOriginErrors`), ejects half of the addresses at most, and
with `minHealthPercent: 50` uses all of them again where too few are left. A host with one address gets none, for its
only address must not be left out; where some is written for it, `minHealthPercent: 50` keeps the address in use.

How it is proved
In one-dead-address, and in rotation-sudden, where every address fails at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.remedy.editing.edit import Addition, Edit
from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Because, Manifest
from unstale.remedy.parts.destination_rule import destination_rule
from unstale.remedy.parts.outlier_detection import outlier_detection
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site
from unstale.remedy.traffic_policies import Block, each_block


def _edits(site: Site) -> Iterator[Edit | Addition]:
    reason = "with fewer good ones all are tried: since Istio 1.31 the default is 503 UH"
    if "outlierDetection" in site.path:
        where = site.path[: site.path.index("outlierDetection") + 1]
        yield site.set((*where, "minHealthPercent"), Because(50, reason))
        return

    def change(block: Block, facts: HostFacts) -> Iterator[Edit]:
        written = block.rule.get((*block.path, "outlierDetection"))
        made = outlier_detection(facts)
        if written is not None:
            yield site.set((*block.path, "outlierDetection", "minHealthPercent"), Because(50, reason), block.rule)
        elif made is not None:
            yield site.set((*block.path, "outlierDetection"), made, block.rule)

    yield from each_block(site, change)


def _manifests(facts: HostFacts) -> Iterator[Manifest]:
    yield destination_rule(facts)


REMEDY = Remedy(
    codes=("UNS410", "UNS411", "UNS533"),
    causes=("no_healthy_upstream", "connect_timeout"),
    scenarios=("one-dead-address", "rotation-sudden"),
    edits=_edits,
    manifests=_manifests,
)
