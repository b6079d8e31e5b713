"""The compiled and the pure scanner agree on whatever a line may be; `make fuzz-logs` runs 200,000 of them."""

from __future__ import annotations

from random import Random

import pytest
from log_samples import line
from mutated_logs import batch, differences, scanned

from unstale.accesslog.compiled import compiled


@pytest.fixture(autouse=True)
def needs_extension() -> None:
    if compiled() is None:
        pytest.skip("the compiled scanner was not built (make setup builds it where there is a C compiler)")


@pytest.mark.parametrize("seed", [11, 12])
def test_both_scanners_agree_on_mutated_lines(seed: int) -> None:
    assert differences(batch(Random(seed), 2_000)) == []


def test_both_scanners_agree_on_whole_lines_and_read_nearly_all_of_them() -> None:
    random = Random(5)
    lines = [line(random).encode() for _ in range(2_000)]
    assert differences(lines) == []
    part, _ = scanned(lines, is_pure=False)
    assert part.rows + part.application > 0.9 * part.total


@pytest.mark.parametrize("block_lines", [1, 7, 10_000])
def test_the_cut_into_blocks_does_not_matter(block_lines: int) -> None:
    lines = batch(Random(6), 500)
    (whole, whole_sums), (cut, cut_sums) = (scanned(lines, is_pure=False, block_lines=n) for n in (500, block_lines))
    assert (whole.rows, whole.bad, whole.formats) == (cut.rows, cut.bad, cut.formats)
    assert whole_sums.groups == cut_sums.groups
