"""Files that are not on this machine, through fsspec: s3://, gs://, and whatever else it has a driver for."""

from __future__ import annotations

import importlib
from typing import IO, Any, cast

from unstale.model.errors import InputError


def _fsspec(url: str) -> Any:
    try:
        return importlib.import_module("fsspec")
    except ImportError as error:
        raise InputError(f"{url}: reading this needs fsspec. Install it with: pip install 'unstale[logs]'.") from error


def listing(url: str) -> list[tuple[str, int, bytes]]:
    """Full URL, size in bytes and first four bytes of the file, or of all files below the prefix, in order of name.

    Raises InputError where the driver is missing, the place cannot be reached, or nothing is there.
    """
    fsspec = _fsspec(url)
    try:
        system, path = fsspec.core.url_to_fs(url)
        names = [path] if system.isfile(path) else sorted(each for each in system.find(path) if not _is_hidden(each))
        found = [(system.unstrip_protocol(each), int(system.size(each)), bytes(system.head(each, 4))) for each in names]
    except ImportError as error:
        raise InputError(f"{url}: fsspec lacks the driver ({error}). Install the package that it names.") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{url}: cannot be read ({error}). Check the address and your right to read it.") from error
    if not found:
        raise InputError(f"{url}: no file there. Give a file, or a prefix under which there are some.")
    return found


def open_remote(url: str) -> IO[bytes]:
    """The file for reading from any position."""
    fsspec = _fsspec(url)
    try:
        return cast("IO[bytes]", fsspec.open(url, "rb", cache_type="readahead", block_size=8 << 20).open())
    except TypeError:
        return cast("IO[bytes]", fsspec.open(url, "rb").open())
    except (OSError, ValueError) as error:
        raise InputError(f"{url}: cannot be read ({error}). Check the address and your right to read it.") from error


def _is_hidden(path: str) -> bool:
    return path.rsplit("/", 1)[-1].startswith(".")
