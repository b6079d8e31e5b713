"""Parts of access logs that the lab recorded, each of which an earlier rule took for another cause.

A file keeps the lines around the failures and the first uses of the connections that broke; its folder is the cause.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from diagnosing import cases_in, clues_of, findings_of

RECORDED = Path(__file__).parent / "recorded"
TOLD_BY = {
    "few-posts-many-held-up": "HELD_UP",
    "given-up-where-it-was-tried-last": "CONNECT_WAIT",
    "two-addresses-at-once": "SEVERAL_AT_ONCE",
    "bare-connections-in-waves": "REOPENED",
    "a-node-at-a-time": "NEW_ADDRESSES",
    "none-of-the-old-ones-is-named": "TURNED_OVER",
    "one-of-two-ended": "ENDED_ALONE",
    "requests-in-flight": "CUT_IN_FLIGHT",
    "waves-in-turn": "FAILS_IN_WAVES",
    "tried-at-a-lost-address-first": "ADDRESS_LOST_OTHERS_SERVE",
    "waves-one-address-in-use": "FAILS_IN_WAVES",
}


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*/*.log")), ids=lambda path: path.stem)
def test_the_true_cause_comes_first_and_by_its_mechanism(path: Path) -> None:
    assert findings_of(path)[0].top.cause == path.parent.name
    assert any(TOLD_BY[path.stem] in clues_of(case) for case in cases_in(path))


def test_each_part_is_there() -> None:
    assert {path.stem for path in RECORDED.glob("*/*.log")} == set(TOLD_BY)
