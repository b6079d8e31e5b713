"""A dead address costs a second, not ten.

What it does
Writes `connectTimeout: 1s`, so that a retry reaches another address while the caller still waits.

How it is proved
In one-dead-address and rotation-gone, where an address never answers.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.remedy.editing.edit import Addition, Edit
from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Manifest
from unstale.remedy.parts.connection_pool import connect_timeout
from unstale.remedy.parts.destination_rule import destination_rule
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site
from unstale.remedy.traffic_policies import Block, each_block


def _edits(site: Site) -> Iterator[Edit | Addition]:
    def change(block: Block, facts: HostFacts) -> Iterator[Edit]:
        yield site.set((*block.path, "connectionPool", "tcp", "connectTimeout"), connect_timeout(), block.rule)

    yield from each_block(site, change)


def _manifests(facts: HostFacts) -> Iterator[Manifest]:
    yield destination_rule(facts)


REMEDY = Remedy(
    codes=("UNS412",),
    causes=("connect_timeout",),
    scenarios=("one-dead-address", "rotation-gone"),
    edits=_edits,
    manifests=_manifests,
)
