"""Retries that Istio accepts.

What it does
Takes the spaces out of `retryOn`, and the other fields out of retries with `attempts: 0`, which mean that nothing is
retried and stay so.

How it is proved
By Istio's own validation, which refuses the one and the other; nothing to see in the lab.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.remedy.editing.edit import Edit
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site


def _edits(site: Site) -> Iterator[Edit]:
    rule = site.rule
    if rule is None:
        return
    path = (*rule, "retries")
    written = site.get(path) or {}
    if site.finding.code == "UNS109":
        yield site.set((*path, "retryOn"), "".join(str(written.get("retryOn", "")).split()))
        return
    for name in written:
        if name != "attempts":
            yield site.remove((*path, name))


REMEDY = Remedy(codes=("UNS109", "UNS110"), edits=_edits)
