"""The histogram, the notes and the manifests side by side: every figure once, differences marked, nothing invented."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from experiment_sample import cell

from unstale.model.experiment import Bound, Run
from unstale.report.histogram import picture
from unstale.report.manifest_view import columns
from unstale.report.notes import Weight, bounds, notes

CELL = replace(cell("calm", "none", "GET"), conditions=(), bound=None, runs=(), expectation="met")


def test_a_histogram_shows_each_count_and_none_for_what_is_empty() -> None:
    drawn = picture(replace(CELL, histogram=((1.0, 500), (2.0, 0), (math.inf, 1))), ident="a")
    assert drawn.count("<rect") == 2
    assert ">500</text>" in drawn and ">1</text>" in drawn and ">more</text>" in drawn
    assert "500 within 1 ms, 1 above all limits" in drawn


def test_one_slow_request_among_thousands_can_be_seen() -> None:
    drawn = picture(replace(CELL, histogram=((1.0, 100_000), (2.0, 1))), ident="a")
    heights = [float(height) for height in re.findall(r'<rect [^>]*height="([0-9.]+)"', drawn)]
    assert min(heights) >= 2.0


@pytest.mark.parametrize("histogram", [(), ((1.0, 0), (math.inf, 0))])
def test_nothing_that_ended_well_is_no_picture(histogram: tuple[tuple[float, int], ...]) -> None:
    assert picture(replace(CELL, histogram=histogram), ident="a") == ""


def test_a_calm_cell_has_nothing_to_be_noted() -> None:
    assert notes(CELL) == ()


def test_contradictions_come_first_and_are_grave() -> None:
    found = notes(replace(CELL, disagreements=("Envoy counted 8",), expectation="failed 1 of 2, expected 0 % to 0 %"))
    assert [note.weight for note in found] == [Weight.BROKEN, Weight.SURPRISING]
    assert found[0].text.endswith("this cell proves nothing: Envoy counted 8")


def test_repeats_are_told_as_ranges_and_a_miss_in_any_of_them_is_told() -> None:
    runs = tuple(
        Run(failed=failed, executed_twice=1, p50_ms=1.0, p99_ms=p99, expectation=expectation)
        for failed, p99, expectation in ((0, 2.0, "met"), (3, 40.0, "failed 3 of 9, expected 0 % to 0 %"))
    )
    texts = [note.text for note in notes(replace(CELL, runs=runs))]
    assert texts == [
        "not as expected in 1 of 2 runs: failed 3 of 9, expected 0 % to 0 %",
        "2 runs: 0 to 3 failed, 1 executed twice, p99 2.0 to 40 ms; the worst is shown",
    ]


def test_a_bound_is_told_once_a_method() -> None:
    cells = [
        replace(CELL, policy=policy, method=method, bound=Bound(failed=9, executed_twice=0, why="opaque"))
        for policy in ("none", "article")
        for method in ("GET", "POST")
    ]
    assert bounds(cells) == tuple(
        f"{method}: no policy at the sidecar reaches zero here; the best one measured leaves 9 failed: opaque"
        for method in ("GET", "POST")
    )


def test_policies_with_the_same_manifests_share_a_column() -> None:
    found = columns({"none": "a: 1\n", "fresh-dns": "a: 1", "article": "a: 2"})
    assert [column.title for column in found] == ["none, fresh-dns", "article"]


def test_what_only_one_policy_has_is_marked_and_comments_are_no_difference() -> None:
    article, ours = columns({"article": "attempts: 3\ntimeout: 30s", "ours": "# why\nattempts: 15\ntimeout: 30s # so"})
    assert [(line.text, line.is_own) for line in article.lines] == [("attempts: 3", True), ("timeout: 30s", False)]
    assert [line.is_own for line in ours.lines] == [False, True, False]


def test_a_single_policy_has_nothing_marked() -> None:
    (only,) = columns({"files": "a: 1\n---\n- b: 2"})
    assert not any(line.is_own for line in only.lines)
