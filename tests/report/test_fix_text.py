"""The proof as a table, and a difference as `patch` reads it."""

from __future__ import annotations

from dataclasses import replace

import click
import pytest

from unstale.istio.source import Source
from unstale.model.experiment import Cell, Latency
from unstale.model.proof import Pair
from unstale.report import fix_text

CELL = Cell(
    scenario="rotation-sudden",
    policy="before",
    method="GET",
    requests=100,
    ok=60,
    failed=40,
    failures={},
    executed_twice=0,
    executions=100,
    latency_ms=Latency(p50=1.0, p99=10.0, max=20.0),
    recovery_s=0.0,
    upstream_connections=8,
    late_ms=0.0,
    host_changes=(),
    events=(),
    timeline=(),
    bucket_s=1.0,
    first_failures=(),
    sentence="",
    log="",
)


@pytest.mark.parametrize(
    ("method", "failed", "twice", "is_worse"),
    [
        ("GET", 0, 0, False),
        ("GET", 41, 0, True),
        ("GET", 40, 7, False),
        ("POST", 90, 0, False),
        ("POST", 0, 1, True),
    ],
)
def test_worse_is_more_posts_twice_or_more_of_the_others_failed(
    method: str, failed: int, twice: int, is_worse: bool
) -> None:
    before = replace(CELL, method=method)
    after = replace(before, failed=failed, executed_twice=twice)
    assert Pair(before=before, after=after).is_worse == is_worse


def test_the_table_shows_both_and_a_sentence() -> None:
    none = replace(CELL, failed=0, latency_ms=Latency(p50=None, p99=None, max=None))
    lines = [click.unstyle(line) for line in fix_text.proof([Pair(before=CELL, after=none)])]
    assert lines[1].split() == ["rotation-sudden", "GET", "40", "→", "0", "0", "→", "0", "10", "→", "–"]
    assert len(lines[0]) == len(lines[1])
    assert lines[2] == "before: 40 failed, 0 executed twice; after: 0 failed, 0 executed twice"


def test_a_difference_tells_of_a_missing_line_break() -> None:
    before, after = (Source(name="a.yaml", text=text) for text in ("a: 1\nb: 2", "a: 1\nb: 3\n"))
    assert fix_text.diff([before], [after]) == (
        "--- a.yaml\n+++ a.yaml\n@@ -1,2 +1,2 @@\n a: 1\n-b: 2\n\\ No newline at end of file\n+b: 3\n"
    )
    assert fix_text.diff([before], [before]) == ""
