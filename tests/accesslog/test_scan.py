"""A scan of files, folders, streams and compressed files: every line once, the same result for any way of cutting."""

from __future__ import annotations

import gzip
import io
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import zstandard
from log_samples import line
from test_forged import row

from unstale.accesslog import job
from unstale.accesslog.blocks import LINE_BYTES
from unstale.accesslog.options import Options
from unstale.accesslog.result import Progress, Scan
from unstale.accesslog.scan import scan
from unstale.model.errors import InputError


@pytest.fixture(scope="module")
def content() -> bytes:
    random = Random(3)
    return b"".join(line(random).encode() + b"\n" for _ in range(2_500))


@pytest.fixture(scope="module")
def log(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("logs") / "access.log"
    path.write_bytes(content)
    return path


@pytest.fixture(scope="module")
def whole(log: Path) -> Scan:
    return scan([str(log)], Options(workers=1))


def same(one: Scan, other: Scan) -> bool:
    """Whether two scans found the same, wherever they found it."""

    def results(found: Scan) -> tuple[object, ...]:
        failures = [(each.place.line, each.row, each.previous, each.is_traced) for each in found.failures]
        return found.lines, found.formats, found.groups, found.addresses, failures, len(found.app_errors), found.digest

    return results(one) == results(other)


def test_lines_add_up(whole: Scan, content: bytes) -> None:
    assert whole.lines.total == content.count(b"\n") == whole.lines.rows + whole.lines.bad
    assert sum(group.count for group in whole.groups) == whole.lines.rows - whole.lines.ambiguous
    assert whole.failed == len(whole.failures) > 500
    for failure in whole.failures[::50]:
        assert failure.row.request_id.encode() in content.split(b"\n")[failure.place.line - 1]


@pytest.mark.parametrize("range_bytes", [1 << 17, 300_007, 1 << 30])
@pytest.mark.parametrize("workers", [1, 3])
def test_ranges_and_workers_do_not_matter(
    log: Path, whole: Scan, range_bytes: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "RANGE_BYTES", range_bytes)
    assert same(scan([str(log)], Options(workers=workers)), whole)


def test_pure_python_finds_the_same(log: Path, whole: Scan) -> None:
    assert same(scan([str(log)], Options(is_pure=True)), whole)


def test_compressed_files_are_known_by_their_bytes(content: bytes, whole: Scan, tmp_path: Path) -> None:
    half = len(content) // 2
    members = gzip.compress(content[:half]), b"\0" * 512, gzip.compress(b""), gzip.compress(content[half:]), b"\0"
    (tmp_path / "rotated.1").write_bytes(b"".join(members))
    (tmp_path / "rotated.2").write_bytes(zstandard.compress(content))
    for name in ("rotated.1", "rotated.2"):
        assert same(scan([str(tmp_path / name)]), whole)


@pytest.mark.parametrize("name", ["gz", "zst"])
def test_damaged_file_is_named(content: bytes, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"cut.{name}"
    packed = gzip.compress(content) if name == "gz" else zstandard.ZstdCompressor(write_checksum=True).compress(content)
    for damaged in (packed[:-2000], packed[:500] + b"\0" * 500 + packed[1000:]):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=f"cut.{name}: damaged or cut short"):
            scan([str(path)])


class Stdin:
    """What stands in for sys.stdin."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


def test_standard_input(content: bytes, whole: Scan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Stdin(content))
    found = scan(["-"])
    failures = tuple(replace(each, is_history_whole=True) for each in found.failures)
    assert same(replace(found, failures=failures), whole)
    assert not any(each.is_history_whole for each in found.failures if each.is_traced)


def test_folder_is_all_its_files_but_hidden_ones(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "pods").mkdir()
    (tmp_path / "pods" / "a.log").write_bytes(content)
    (tmp_path / "b.log").write_bytes(content[: content.index(b"\n") + 1])
    (tmp_path / ".hidden").write_bytes(content)
    found = scan([str(tmp_path)])
    assert [Path(each.name).name for each in found.inputs] == ["b.log", "a.log"]
    assert found.lines.total == content.count(b"\n") + 1


@pytest.mark.parametrize(
    ("content_", "total"),
    [(b"", 0), (b"\n", 1), (b"x", 1), (b"x\n", 1), (b"x\n\n", 2), (b"\xff\x00\n" * 3, 3)],
)
def test_odd_files(content_: bytes, total: int, tmp_path: Path) -> None:
    path = tmp_path / "odd.log"
    path.write_bytes(content_)
    lines = scan([str(path)]).lines
    assert (lines.total, lines.rows, lines.bad) == (total, 0, total)


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_line_without_end_is_cut_and_the_next_ones_are_read(end: bytes, tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    good = row().encode()
    path.write_bytes(good + b"\n" + b"x" * (2 * LINE_BYTES + 5) + b"\n" + good + end)
    for is_pure in (True, False):
        lines = scan([str(path)], Options(is_pure=is_pure)).lines
        assert (lines.total, lines.rows, lines.bad) == (3, 2, 1)


def test_progress_is_told_from_the_first_block_on(log: Path) -> None:
    told: list[Progress] = []
    found = scan([str(log)], Options(progress=told.append))
    assert told[0].rows > 0 and told[0].failed > 0
    assert told[-1].done_bytes == told[-1].total_bytes == log.stat().st_size
    assert told[-1].lines == found.lines.total


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (["nowhere.log"], "no such file or folder"),
        (["-", "-"], "given twice"),
        (["nowhere://x"], "nowhere://x: cannot"),
    ],
)
def test_input_that_is_not_there_is_named(inputs: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        scan(inputs)


def test_kept_failures_are_bounded_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "outage.log"
    path.write_text((row().replace(" 200 - ", " 503 UC ") + "\n") * 3_000)
    for is_pure in (True, False):
        found = scan([str(path)], Options(kept_per_group=7, is_pure=is_pure))
        assert (found.failed, len(found.failures)) == (3_000, 7)
        assert [each.place.line for each in found.failures] == [1, 2, 3, 4, 5, 6, 7]
