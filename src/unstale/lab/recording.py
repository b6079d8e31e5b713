"""Write a cell's recording: the ledgers, the logs, the events, so that a figure can be looked into later."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable
from pathlib import Path

from unstale.model.errors import MachineError


def write_rows(path: Path, rows: Iterable[dict[str, object]]) -> None:
    """Write one JSON object a line. Raises MachineError where the disk is full or the folder cannot be written."""
    write_text(path, "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))


def read_rows(path: Path) -> list[dict[str, object]]:
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
