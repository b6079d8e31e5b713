"""Run a matrix of cells, some side by side, from outside the lab's namespaces.

Cells share nothing but the processor. As long as that has room, side by side changes no figure; each cell carries the
lateness of its own load generator, so that a run on a machine that was too slow shows it.
"""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any, Protocol

from unstale.lab import machine
from unstale.lab.cell import Order
from unstale.lab.matrix import slowest_first
from unstale.lab.recording import make_folder
from unstale.lab.versions import versions
from unstale.model.errors import InputError, MachineError, UnstaleError
from unstale.model.experiment import Cell

CELLS_PER_CORE = 4
"""Measured: a cell at 200 requests a second takes about a fifth of a core; see docs/lab.md."""


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


def name_of(order: Order) -> str:
    """What a cell is called in progress, folders and messages."""
    return f"{order.scenario}/{order.policy}/{order.method}"


def run_all(orders: Iterable[Order], *, jobs: int, watcher: Watcher) -> tuple[Cell, ...]:
    """Run every order, up to `jobs` side by side, and return the cells in the order they were asked for.

    Cells that run side by side are built first and loaded together: building takes a processor's full attention for a
    moment, which would show in the latencies of a cell that is being measured.

    Raises MachineError or ProxyError of the first cell that could not be run; then nothing is left running.
    """
    asked = list(orders)
    done: dict[int, Cell] = {}
    with _host() as line:
        for batch in _batches(slowest_first(asked), jobs):
            done.update(_run_batch(line, batch, watcher))
    return tuple(done[order.number] for order in asked)


def _batches(orders: list[Order], jobs: int) -> list[list[Order]]:
    """The orders in as few groups of at most `jobs` as possible, all of nearly the same size."""
    count = -(-len(orders) // jobs)
    cuts = [len(orders) * at // count for at in range(count + 1)] if count else []
    return [orders[start:end] for start, end in itertools.pairwise(cuts)]


def _run_batch(line: Connection, batch: list[Order], watcher: Watcher) -> dict[int, Cell]:
    names = {order.number: name_of(order) for order in batch}
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
def _host() -> Iterator[Connection]:
    """A running host; leaving the block ends it and everything that it started."""
    mine, its = socket.socketpair()
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            [*machine.isolation(), sys.executable, "-m", "unstale.lab.host", str(its.fileno())],
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


def prepare(orders: Iterable[Order], folder: Path) -> tuple[Order, ...]:
    """Make sure that the lab can run here and that `folder` can be written; the orders, with the versions taking part.

    Raises MachineError in words.
    """
    machine.check()
    make_folder(folder)
    return tuple(replace(order, versions=versions(order.setting.istio)) for order in orders)


def recordings_folder(path: Path) -> Path:
    """The absolute folder for recordings. Raises InputError where the lab would hide it."""
    absolute = path.absolute()
    if absolute.is_relative_to("/dev/shm"):
        raise InputError(
            f"{path}: recordings cannot lie there (/dev/shm is the lab's own). "
            "Choose another folder with --recordings DIR."
        )
    return absolute
