"""Read manifest files, and see whether they are others than before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from unstale.istio.source import Source
from unstale.model.errors import InputError

SUFFIXES = (".yaml", ".yml", ".json")

Look = Mapping[Path, tuple[int, int, int]]
"""What told one version of the files from another: size, time of change (ns) and inode of each."""


def read_sources(paths: Sequence[Path]) -> tuple[Source, ...]:
    """The text of every manifest file named by `paths`; of folders all files below, in sorted order.

    Raises InputError where a path is missing, unreadable, not UTF-8, or a folder without manifests.
    """
    return tuple(read_source(path) for path in files_of(paths))


def read_source(path: Path) -> Source:
    """The text of one file. Raises InputError where it is unreadable or not UTF-8."""
    try:
        return Source(name=str(path), text=path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start}). Save it as UTF-8.") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error


def files_of(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The manifest files that `paths` mean, each once. Raises InputError as `read_sources` does."""
    return tuple(dict.fromkeys(file for path in paths for file in _files(path)))


def look(paths: Sequence[Path]) -> Look:
    """What the files look like now; files that vanish between listing and looking are left out."""
    try:
        return dict(_marks(files_of(paths)))
    except InputError:
        return {}


def _files(path: Path) -> Iterable[Path]:
    if path.is_dir():
        found = sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES and each.is_file())
        if not found:
            raise InputError(f"{path}: no manifests in this folder. Files named {', '.join(SUFFIXES)} are read.")
        return found
    if not path.exists():
        raise InputError(f"{path}: no such file or folder.")
    return (path,)


def _marks(files: Iterable[Path]) -> Iterable[tuple[Path, tuple[int, int, int]]]:
    for file in files:
        try:
            status = file.stat()
        except FileNotFoundError:
            continue
        yield file, (status.st_size, status.st_mtime_ns, status.st_ino)
