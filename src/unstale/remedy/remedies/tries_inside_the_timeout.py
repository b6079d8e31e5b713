"""Tries that fit into the time-out.

What it does
Keeps `timeout`, which callers count on, and fits the tries into it: `perTryTimeout` becomes the time-out divided by the
number of tries.

How it is proved
Not in the lab: Envoy ignores a time-out of one try that is not below the route's (its documentation of RetryPolicy).
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.remedy.editing.edit import Edit
from unstale.remedy.manifest import Because, seconds
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site

_USUAL_ATTEMPTS = 2


def _edits(site: Site) -> Iterator[Edit]:
    rule = site.rule
    timeout_s = site.budget_s(rule) if rule else None
    if rule is None or timeout_s is None:
        return
    attempts = int(site.get((*rule, "retries", "attempts")) or _USUAL_ATTEMPTS)
    share_s = int(timeout_s / (attempts + 1) * 1000) / 1000
    reason = f"{attempts + 1} tries in the time-out of {timeout_s:g} s"
    yield site.set((*rule, "retries", "perTryTimeout"), Because(seconds(share_s), reason))


REMEDY = Remedy(codes=("UNS106", "UNS107"), edits=_edits)
