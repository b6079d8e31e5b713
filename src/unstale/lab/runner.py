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
    moment, which would show in the latencies of a cell that is being measured. None for `jobs` runs as many as the
    machine has room for, looked at before each batch: what runs beside a matrix must not change its verdicts. On the
    loopback the cells have no namespaces of their own.

    Raises MachineError or ProxyError of the first cell that could not be run; then nothing is left running.
    """
    asked = list(orders)
    waiting = slowest_first(asked)
    done: dict[int, Cell] = {}
    with _host(is_loopback) as line:
        while waiting:
            room = jobs or room_for(default_jobs(), idle_share())
            size = batch_size(len(waiting), room)
            done.update(_run_batch(line, waiting[:size], watcher))
            del waiting[:size]
    return tuple(done[order.number] for order in asked)


def batch_size(waiting: int, room: int) -> int:
    """How many of the waiting cells start now, so that batches are few and of nearly the same size."""
    return -(-waiting // -(-waiting // room))


def room_for(jobs: int, idle: float) -> int:
    """How many of at most `jobs` cells fit into a machine of which the share `idle` is free, four at the least."""
    return max(min(jobs, _LEAST_CELLS), round(jobs * idle))


def idle_share(over_s: float = 0.25) -> float:
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


def _run_batch(line: Connection, batch: list[Order], watcher: Watcher) -> dict[int, Cell]:
    names = {order.number: order.name for order in batch}
    for order in batch:
        line.send(("run", order))
        watcher.started(names[order.number])
    done: dict[int, Cell] = {}
    built, ended = 0, 0
    while ended < len(batch):
        kind, number, value = _receive(line)
        match kind:
            case "built":
                built += 1
                if built == len(batch):
                    line.send(("go", None))
            case "says":
                watcher.phase(names[number], value)
            case "cell":
                done[number] = value
                watcher.finished(value)
            case "ended":
                ended += 1
                if number not in done:
                    raise MachineError(f"{names[number]}: the cell ended without a result. Its process was killed.")
            case _:
                _raise(kind, names.get(number, "lab"), value)
    return done


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
