"""A retry goes to another address, although requests are hashed.

What it does
Writes `retryIgnorePreviousHosts: true` (Istio 1.26 or newer): a rule with consistentHash otherwise sends the retry to
the very address that has just failed.

How it is proved
In one-dead-address, where one of the addresses never answers.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.remedy.editing.edit import Edit
from unstale.remedy.manifest import Because
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site


def _edits(site: Site) -> Iterator[Edit]:
    rule = site.rule
    if rule is not None and site.get((*rule, "retries")):
        path = (*rule, "retries", "retryIgnorePreviousHosts")
        yield site.set(path, Because(True, "or the hash sends the next try to the same dead address"))


REMEDY = Remedy(codes=("UNS114",), scenarios=("one-dead-address",), edits=_edits, since=26)
