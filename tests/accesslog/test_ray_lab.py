"""The same scan on a local Ray of two workers; one of them is killed in the middle of it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from log_samples import line
from test_scan import same

from unstale.accesslog import job
from unstale.accesslog.options import Options
from unstale.accesslog.ray_hands import connected
from unstale.accesslog.scan import scan, scan_sources
from unstale.accesslog.sources import find_sources
from unstale.model.errors import InputError

pytestmark = pytest.mark.lab
pytest.importorskip("ray", reason="needs ray (pip install 'unstale[ray]')")
OPTIONS = Options(workers=2, is_pure=True)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    random = Random(8)
    path = tmp_path_factory.mktemp("ray") / "access.log"
    path.write_bytes(b"".join(line(random).encode() + b"\n" for _ in range(2_000)) * 6)
    return path


@pytest.fixture
def ranges(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(job, "RANGE_BYTES", 1 << 18)
    yield


def workers() -> list[int]:
    """The workers of ours that are scanning: their process title is the task's name, their ancestor is this process."""
    entries = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [int(each.name) for each in entries if b"unstale scan_batch" in words(each) and is_ours(int(each.name))]


def words(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b""


def is_ours(process: int) -> bool:
    while process > 1:
        if process == os.getpid():
            return True
        try:
            process = int((Path("/proc") / str(process) / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            return False
    return False


def test_same_result_on_two_workers_and_after_the_loss_of_one(log: Path, ranges: None) -> None:
    here = scan([str(log)], OPTIONS)
    sources = find_sources([str(log)])
    killed: list[int] = []
    stop = threading.Event()

    def kill_one() -> None:
        while not stop.wait(0.01):
            for process in workers()[:1]:
                os.kill(process, signal.SIGKILL)
                killed.append(process)
                return

    with connected("ray", OPTIONS) as hands:
        assert same(scan_sources(sources, OPTIONS, hands), here)
        killer = threading.Thread(target=kill_one)
        killer.start()
        try:
            assert same(scan_sources(sources, OPTIONS, hands), here)
        finally:
            stop.set()
            killer.join()
    assert len(killed) == 1


@pytest.mark.parametrize(("where", "inputs"), [("spark", ["x"]), ("ray", ["-"])])
def test_place_or_input_that_cannot_be_is_refused(where: str, inputs: list[str], log: Path) -> None:
    with pytest.raises(InputError):
        scan(inputs if inputs == ["-"] else [str(log)], on=where)
