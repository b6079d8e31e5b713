"""The kernel's own word of changes in folders (inotify(7)), by the C library: no thread, and nothing runs between them.

Libraries for all systems look for events every few milliseconds, and what they tell does not say whether the writer is
done.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_IN_MODIFY = 0x2
_IN_ATTRIB = 0x4
_IN_CLOSE_WRITE = 0x8
_IN_MOVED = 0x40 | 0x80
_IN_CREATE = 0x100
_IN_DELETE = 0x200
_IN_SELF = 0x400 | 0x800
_IN_OVERFLOW = 0x4000
_IN_IGNORED = 0x8000
_IN_ONLYDIR = 0x01000000
_IN_ISDIR = 0x40000000
_WATCHED = _IN_MODIFY | _IN_ATTRIB | _IN_CLOSE_WRITE | _IN_MOVED | _IN_CREATE | _IN_DELETE | _IN_SELF | _IN_ONLYDIR
_HEAD = struct.Struct("iIII")
_BUFFER = 1 << 16

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened to the file `name` of a folder, None for the folder itself or where events were lost.

    `is_done` where the file is as its writer wants it: closed after writing, renamed, removed. `is_folder` where the
    set of folders below is another one now.
    """

    path: Path | None
    is_done: bool
    is_folder: bool


class Inotify:
    """Watches folders, each for itself and not what lies below."""

    def __init__(self) -> None:
        """Raises OSError where the user has too many (fs.inotify.max_user_instances)."""
        self.descriptor = _checked(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        self._folders: dict[int, Path] = {}

    def add(self, folder: Path) -> None:
        """Raises OSError where it is no folder, may not be read, or there are too many (max_user_watches)."""
        self._folders[_checked(_libc.inotify_add_watch(self.descriptor, os.fsencode(folder), _WATCHED))] = folder

    def events(self) -> Iterator[Event]:
        """What has happened since the last time; does not wait."""
        try:
            data = os.read(self.descriptor, _BUFFER)
        except BlockingIOError:
            return
        at = 0
        while at < len(data):
            watch, mask, _, length = _HEAD.unpack_from(data, at)
            at += _HEAD.size + length
            name = data[at - length : at].rstrip(b"\0")
            folder = self._folders.get(watch)
            yield Event(
                path=folder / os.fsdecode(name) if folder is not None and name else None,
                is_done=bool(mask & (_IN_CLOSE_WRITE | _IN_MOVED | _IN_DELETE)),
                is_folder=bool(mask & (_IN_SELF | _IN_IGNORED | _IN_OVERFLOW)) or bool(mask & _IN_ISDIR),
            )

    def close(self) -> None:
        """Watch no more."""
        os.close(self.descriptor)


def is_available() -> bool:
    """Whether this is Linux."""
    return hasattr(_libc, "inotify_init1")


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
