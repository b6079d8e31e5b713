"""Run a matrix of cells, some side by side, from outside the lab's namespaces.

Cells share nothing but the processor. As long as that has room, side by side changes no figure; each cell carries the
lateness of its own load generator, so that a run on a machine that was too slow shows it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any, Protocol

from unstale.lab import loopback, machine
from unstale.lab.matrix import slowest_first
from unstale.lab.order import Order
from unstale.lab.recording import make_folder
from unstale.lab.versions import versions
from unstale.model.errors import InputError, MachineError, UnstaleError
from unstale.model.experiment import Cell

CELLS_PER_CORE = 7
"""Measured: a cell at 100 requests a second takes about a tenth of a core; see docs/lab.md."""

_LEAST_CELLS = 4
_AFTER_LOAD_S = 0.5
"""From the word to go until the first request is due, and from the last one to its answer where nothing hangs."""


class Watcher(Protocol):
    """Who wants to know how the run goes."""

    def started(self, name: str) -> None:
        """A cell begins."""

    def phase(self, name: str, text: str) -> None:
        """Something happened in a running cell."""

    def finished(self, cell: Cell) -> None:
        """A cell is done."""


def default_jobs() -> int:
    """How many cells run side by side unless told otherwise."""
    return CELLS_PER_CORE * len(os.sched_getaffinity(0))


def run_all(
    orders: Iterable[Order], *, jobs: int | None, watcher: Watcher, is_loopback: bool = False
) -> tuple[Cell, ...]:
    """Run every order, up to `jobs` side by side, and return the cells in the order they were asked for.

    Cells that run side by side are built first and loaded together: building takes a processor's full attention for a
    moment, which would show in the latencies of a cell that is being measured. The next ones are built when the load is
    over; cells are judged, and those in which requests still hang end, beside them. None for `jobs` runs as many as the
    machine has room for, looked at while no cell runs: what runs beside a matrix must not change its verdicts. On the
    loopback the cells have no namespaces of their own.

    Raises MachineError or ProxyError of the first cell that could not be run; then nothing is left running.
    """
    asked = list(orders)
    waiting = slowest_first(asked)
    with _host(is_loopback) as line:
        cells = _Cells(line, watcher)
        room = jobs or default_jobs()
        while waiting:
            if jobs is None and not cells.are_running:
                # The best of three: what passes in a moment would cost a whole run a batch more.
                room = room_for(default_jobs(), max(idle_share() for _ in range(3)))
            size = batch_size(len(waiting), room)
            cells.run(waiting[:size])
            del waiting[:size]
        cells.finish()
    return tuple(cells.done[order.number] for order in asked)


def batch_size(waiting: int, room: int) -> int:
    """How many of the waiting cells start now, so that batches are few and of nearly the same size."""
    return -(-waiting // -(-waiting // room))


def room_for(jobs: int, idle: float) -> int:
    """How many of at most `jobs` cells fit into a machine of which the share `idle` is free, four at the least."""
    return max(min(jobs, _LEAST_CELLS), round(jobs * idle))


def idle_share(over_s: float = 0.2) -> float:
    """How much of the processors nobody used for a moment, 0..1; 1 where the system does not tell."""
    before = _ticks()
    time.sleep(over_s)
    after = _ticks()
    total = sum(after) - sum(before)
    return (after[3] - before[3]) / total if total else 1.0


def _ticks() -> tuple[int, ...]:
    try:
        return tuple(map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9]))
    except (OSError, ValueError):
        return (0, 0, 0, 0)


class _Cells:
    """The cells that run now and those that are done, as the host's line tells of them."""

    def __init__(self, line: Connection, watcher: Watcher) -> None:
        self._line = line
        self._watcher = watcher
        self._running: dict[int, str] = {}
        self._unbuilt: set[int] = set()
        self.done: dict[int, Cell] = {}

    @property
    def are_running(self) -> bool:
        """Some are left of those that were started."""
        return bool(self._running)

    def run(self, batch: list[Order]) -> None:
        """Build them, load them together, and return when the load is over or all have ended."""
        for order in batch:
            self._running[order.number] = order.name
            self._unbuilt.add(order.number)
            self._line.send(("run", order))
            self._watcher.started(order.name)
        while self._unbuilt:
            self._take()
        self._line.send(("go", None))
        over = time.monotonic() + max(order.pace.duration_s for order in batch) + _AFTER_LOAD_S
        while self._running and self._line.poll(max(0.0, over - time.monotonic())):
            self._take()

    def finish(self) -> None:
        """Wait for those that are left."""
        while self._running:
            self._take()

    def _take(self) -> None:
        kind, number, value = _receive(self._line)
        match kind:
            case "built":
                self._unbuilt.discard(number)
            case "says":
                self._watcher.phase(self._running[number], value)
            case "cell":
                self.done[number] = value
                self._watcher.finished(value)
            case "ended":
                name = self._running.pop(number)
                if number not in self.done:
                    raise MachineError(f"{name}: the cell ended without a result. Its process was killed.")
            case _:
                _raise(kind, self._running.get(number, "lab"), value)


def _raise(kind: str, name: str, value: Any) -> None:
    if kind == "error" and isinstance(value, UnstaleError):
        raise type(value)(f"{name}: {value}")
    raise RuntimeError(f"{name}: {value}")


def _receive(line: Connection) -> tuple[str, int, Any]:
    try:
        kind, number, value = line.recv()
    except EOFError:
        raise MachineError("lab: its host process ended. It was killed, or the machine is out of memory.") from None
    return kind, number, value


@contextmanager
def _host(is_loopback: bool) -> Iterator[Connection]:
    """A running host; leaving the block ends it and everything that it started."""
    mine, its = socket.socketpair()
    with tempfile.TemporaryFile() as complaints, tempfile.TemporaryDirectory(prefix="unstale") as private:
        isolation, folder = ((), (private,)) if is_loopback else (machine.isolation(), ())
        process = subprocess.Popen(
            [*isolation, sys.executable, "-m", "unstale.lab.host", str(its.fileno()), *folder],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            pass_fds=[its.fileno()],
            start_new_session=True,
        )
        its.close()
        line = Connection(mine.detach())
        try:
            _await_ready(line, complaints)
            yield line
        finally:
            line.close()
            process.wait()


def _await_ready(line: Connection, complaints: IO[bytes]) -> None:
    try:
        kind, _, value = line.recv()
    except EOFError:
        complaints.seek(0)
        said = complaints.read().decode(errors="replace").strip().splitlines()
        raise MachineError(f"lab: its host process did not start ({said[-1] if said else 'no word'}).") from None
    if kind == "error":
        raise value


def prepare(orders: Iterable[Order], folder: Path, *, is_loopback: bool = False) -> tuple[Order, ...]:
    """Make sure that the lab can run here and that `folder` can be written; the orders, with the versions taking part.

    Raises MachineError in words.
    """
    (loopback.check if is_loopback else machine.check)()
    make_folder(folder)
    ready = (replace(order, versions=versions(order.setting.istio)) for order in orders)
    return tuple(loopback.placed(order) if is_loopback else order for order in ready)


def recordings_folder(path: Path) -> Path:
    """The absolute folder for recordings. Raises InputError where the lab would hide it."""
    absolute = path.absolute()
    if absolute.is_relative_to("/dev/shm"):
        raise InputError(
            f"{path}: recordings cannot lie there (/dev/shm is the lab's own). "
            "Choose another folder with --recordings DIR."
        )
    return absolute
