"""Manifest files read to the letter and written back whole: line breaks stay as they are, and a crash loses nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from unstale.istio.source import Source
from unstale.model.errors import InputError
from unstale.sidecar.manifests import files_of


def read_as_written(paths: Sequence[Path]) -> tuple[Source, ...]:
    """The text of every manifest file named by `paths`, its line breaks untouched.

    Raises InputError where a path is missing, unreadable, not UTF-8, or a folder without manifests.
    """
    return tuple(_read(path) for path in files_of(paths))


def write_over(before: Sequence[Source], after: Sequence[Source]) -> None:
    """Write the texts that changed, each at once. Raises InputError where a file cannot be written."""
    for old, new in zip(before, after, strict=True):
        if new.text != old.text:
            _write(Path(new.name), new.text)


def _read(path: Path) -> Source:
    try:
        return Source(name=str(path), text=path.read_bytes().decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start}). Save it as UTF-8.") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error


def _write(path: Path, text: str) -> None:
    """Beside the file and then over it; a link stays one, and so do the permissions."""
    target = path.resolve()
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode("utf-8"))
        made = Path(name)
        made.chmod(target.stat().st_mode & 0o7777)
        made.replace(target)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}).") from error
