"""Write a cell's recording: the ledgers, the logs, the events, so that a figure can be looked into later."""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from unstale.model.errors import MachineError


def write_rows(path: Path, rows: Iterable[dict[str, object]]) -> None:
    """Write one JSON object a line. Raises MachineError where the disk is full or the folder cannot be written."""
    write_text(path, "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))


class RowWriter:
    """Write rows as they come, so that a ledger of hours takes no memory. Safe for several threads.

    Every method raises MachineError where the disk is full or the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()
        self.count = 0
        try:
            self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise MachineError(_refusal(path, error)) from error

    def write(self, row: dict[str, object]) -> None:
        """Append one row."""
        line = json.dumps(row, separators=(",", ":")) + "\n"
        with self._turn:
            self.count += 1
            try:
                self._file.write(line)
            except OSError as error:
                raise MachineError(_refusal(self._path, error)) from error

    def close(self) -> None:
        """Everything is in the file when this returns."""
        try:
            self._file.close()
        except OSError as error:
            raise MachineError(_refusal(self._path, error)) from error


class LineCount:
    """How many lines a growing file has; each call reads only what is new."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self._count = 0

    def count(self) -> int:
        """The lines that are whole by now, 0 for no file."""
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._read)
                while block := file.read(1 << 20):
                    self._read += len(block)
                    self._count += block.count(b"\n")
        return self._count


def read_rows(path: Path) -> list[dict[str, Any]]:
    """What `write_rows` wrote."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def write_json(path: Path, value: object) -> None:
    """Write one JSON document, indented."""
    write_text(path, json.dumps(value, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a whole file. Raises MachineError where the disk is full or the folder cannot be written."""
    try:
        path.write_text(text)
    except OSError as error:
        raise MachineError(_refusal(path, error)) from error


def make_folder(path: Path) -> None:
    """Create a recording's folder, parents included. Raises MachineError where that is refused."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(_refusal(path, error)) from error


def _refusal(path: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"{path}: the recording cannot be written ({error.strerror}). "
            "Free some space or choose another folder with --recordings DIR."
        )
    return (
        f"{path}: the recording cannot be written ({error.strerror}). "
        "Choose a folder you may write to with --recordings DIR."
    )
