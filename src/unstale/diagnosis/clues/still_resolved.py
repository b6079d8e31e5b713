"""Does the proxy look the name up itself, and find no other address for as long as the old ones fail?

With a cluster of its own Envoy asks DNS again when the answer's time to live is over. Who moved would be found again;
if not, DNS still names these, or its answers live for longer than the logs show.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.diagnosis.case import Case
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.clues.path import is_resolved_by_proxy
from unstale.diagnosis.symptom import OUTAGES
from unstale.diagnosis.words import duration

LONG_S = 10.0
"""Shorter outages lie within the time to live of a good many names."""


def _see(case: Case) -> Iterator[Sighting]:
    if case.symptom not in OUTAGES or not is_resolved_by_proxy(case.rows):
        return
    history = case.history().values()
    served = [one.last_success_s for one in history if one.last_success_s is not None]
    failed = [one.last_failure_s for one in history if one.last_failure_s is not None]
    if served and failed and max(failed) - max(served) >= LONG_S:
        words = (
            f"the proxy looks the name up itself, and for {duration(1000 * (max(failed) - max(served)))} found no "
            "address that works"
        )
        yield Sighting(clue=Clue.STILL_RESOLVED, words=words)


SEE = _see
