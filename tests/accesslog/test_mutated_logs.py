"""The compiled and the pure scanner agree on whatever a line may be; `make fuzz-logs` runs 200,000 of them."""

from __future__ import annotations

import json
from random import Random

import pytest
from log_samples import PREFIXES, fields, json_line, line
from mutated_logs import batch, differences, mutated, scanned

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


def test_lines_that_are_longer_than_what_is_indexed_at_once() -> None:
    random = Random(7)
    lines = [line(random).encode() for _ in range(400)]
    for at, size in zip(range(0, 400, 50), (16_000, 16_383, 16_384, 16_385, 20_000, 33_000, 70_000, 100), strict=True):
        lines[at] = lines[at].replace(b"/", b"/" + b"x" * size, 1)
        lines[at + 1] = b"y" * size
    assert differences(lines) == []


@pytest.mark.parametrize("seed", [8, 9])
def test_a_processor_without_avx2_gives_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = batch(Random(seed), 1_000)
    part, sums = scanned(lines, is_pure=False)
    monkeypatch.setenv("UNSTALE_AVX2", "0")
    other, other_sums = scanned(lines, is_pure=False)
    assert differences(lines) == []
    assert (part.total, part.rows, part.formats) == (other.total, other.rows, other.formats)
    assert sums.groups == other_sums.groups


@pytest.mark.parametrize("style", ["Istio JSON", "JSON, short keys"])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.5])
def test_json_lines_that_have_the_keys_of_the_line_before(style: str, share: float) -> None:
    random = Random(10)
    lines = []
    for _ in range(800):
        text = json.dumps(json.loads(json_line(style, fields(random), random)), separators=(",", ":"), sort_keys=True)
        content = (random.choice(PREFIXES) + text if random.random() < 0.1 else text).encode()
        lines.append(mutated(random, content) if random.random() < share else content)
    assert differences(lines) == []
