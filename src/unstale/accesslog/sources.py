"""Where log lines come from: files, folders, compressed files, standard input, object stores.

What a file holds is told by its first bytes and not by its name, since rotated logs are called all sorts of things.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from unstale.accesslog import remote
from unstale.model.errors import InputError

_MAGIC = {b"\x1f\x8b": "gz", b"\x28\xb5\x2f\xfd": "zst"}


class Packing(Enum):
    """How a source's bytes are packed."""

    PLAIN = "plain"
    GZ = "gz"
    ZST = "zst"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One input. `size_bytes` is its size as stored, None for a stream whose size nobody knows."""

    name: str
    size_bytes: int | None
    packing: Packing = Packing.PLAIN
    is_stdin: bool = False

    @property
    def is_remote(self) -> bool:
        """Whether it is read through fsspec."""
        return "://" in self.name

    @property
    def is_seekable(self) -> bool:
        """Whether parts of it can be read on their own."""
        return not self.is_stdin and self.packing is Packing.PLAIN


def find_sources(inputs: Sequence[str]) -> tuple[Source, ...]:
    """The sources that the user's words name: `-`, files, folders (their files, in order of name), and URLs.

    Raises InputError naming what is not there, cannot be read, or is given twice as standard input.
    """
    if list(inputs).count("-") > 1:
        raise InputError("-: standard input is given twice. It can be read only once.")
    found: list[Source] = []
    for name in inputs:
        if name == "-":
            found.append(Source(name="-", size_bytes=None, is_stdin=True))
        elif "://" in name:
            found += [
                Source(name=each, size_bytes=size, packing=_packing(head)) for each, size, head in remote.listing(name)
            ]
        else:
            found += [_file(path) for path in _paths(Path(name))]
    return tuple(found)


def _paths(path: Path) -> list[Path]:
    if not path.exists():
        raise InputError(f"{path}: no such file or folder. Give access logs, application logs, folders of them, or -.")
    if not path.is_dir():
        return [path]
    paths = sorted(
        each
        for each in path.rglob("*")
        if each.is_file() and not any(part.startswith(".") for part in each.relative_to(path).parts)
    )
    if not paths:
        raise InputError(f"{path}: no file in this folder. Give a folder that holds logs.")
    return paths


def _file(path: Path) -> Source:
    try:
        with path.open("rb") as stream:
            if not path.is_file():
                return Source(name=str(path), size_bytes=None, is_stdin=True)
            head = stream.read(4)
            return Source(name=str(path), size_bytes=os.fstat(stream.fileno()).st_size, packing=_packing(head))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}). Give a log file that you may read.") from error


def _packing(head: bytes) -> Packing:
    kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "plain")
    return Packing(kind)
