"""A remedy is proved where its own runs show more than luck, and says that it is unproved everywhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from unstale.remedy.proved import Proved, from_line, proved, to_line
from unstale.remedy.registry import remedies

ROW = Proved(
    remedy="a",
    code="UNS101",
    scenario="rotation-sudden",
    method="GET",
    requests=800,
    failed_before=80,
    failed_after=0,
    twice_before=0,
    twice_after=30,
)


@pytest.mark.parametrize(
    ("before", "after", "helps"),
    [(80, 0, True), (4, 0, True), (3, 0, False), (8, 4, True), (8, 5, False), (0, 9, False)],
)
def test_fewer_by_half_and_by_more_than_luck(before: int, after: int, helps: bool) -> None:
    assert replace(ROW, failed_before=before, failed_after=after).helps == helps


def test_a_post_must_not_run_twice_for_it() -> None:
    post = replace(ROW, method="POST")
    assert not post.helps
    assert replace(post, twice_after=0).helps
    once = replace(post, failed_before=0, failed_after=36, twice_before=35, twice_after=0)
    assert once.helps
    assert once.words == "rotation-sudden: 35 → 0 of 800 POSTs ran twice"


def test_a_row_is_read_as_it_was_written() -> None:
    assert from_line(to_line(ROW)) == ROW
    assert ROW.words == "rotation-sudden: 80 → 0 of 800 GETs failed"


def test_rows_are_of_remedies_and_of_scenarios_that_they_name() -> None:
    for name, rows in proved().items():
        assert {row.scenario for row in rows} <= set(remedies()[name].scenarios)
        assert {row.code for row in rows} <= set(remedies()[name].codes)


@pytest.mark.parametrize("name", remedies())
def test_who_is_not_helped_says_unproved(name: str) -> None:
    remedy = remedies()[name]
    helpful = [row for row in proved().get(name, ()) if row.helps]
    assert (remedy.proof == "unproved") == (not helpful)
    for row in remedy.proofs:
        assert row in helpful and row.words in remedy.proof
