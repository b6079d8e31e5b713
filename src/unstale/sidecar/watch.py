"""Hear of changes in manifest files from the kernel (inotify), not by looking again and again.

Editors and `kubectl` replace a file by renaming another over it, which ends a watch on the file itself, so the folder
around it is watched. A folder may be replaced as a whole too: then all is watched anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from watchfiles import Change, awatch

_STEP_MS = 5
_AT_MOST_MS = 50
_LOOK_AGAIN_S = 1.0
"""Only while a folder to watch is missing."""


async def wake_ups(paths: Sequence[Path]) -> AsyncGenerator[None, None]:
    """Yield at once, and then whenever something may have changed in the files or folders `paths`."""
    while True:
        identity = _identity(paths)
        yield None
        if not any(_around(path).is_dir() for path in paths):
            await asyncio.sleep(_LOOK_AGAIN_S)
            continue
        stop, changed = asyncio.Event(), asyncio.Event()
        tasks = [asyncio.create_task(one) for one in _watchers(paths, stop, changed)]
        try:
            yield None  # for what changed before the watch began
            while identity == _identity(paths):
                changed.clear()
                await changed.wait()
                yield None
        finally:
            stop.set()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


def _watchers(paths: Sequence[Path], stop: asyncio.Event, changed: asyncio.Event) -> list[Coroutine[Any, Any, None]]:
    folders = [path for path in paths if path.is_dir()]
    around = {_around(path) for path in paths if _around(path).is_dir()}
    wanted = {str(path.absolute()) for path in paths}
    is_linked = any(path.is_symlink() for path in paths)
    found = [_watch(around, stop, changed, wanted=None if is_linked else wanted)]
    if folders:
        found.append(_watch(set(folders), stop, changed, wanted=None, recursive=True))
    return found


async def _watch(
    folders: set[Path], stop: asyncio.Event, changed: asyncio.Event, *, wanted: set[str] | None, recursive: bool = False
) -> None:
    def concerns(change: Change, path: str) -> bool:
        return wanted is None or path in wanted

    with suppress(FileNotFoundError):  # a folder that has just gone: its parent's change wakes us
        async for _ in awatch(
            *folders,
            watch_filter=concerns,
            debounce=_AT_MOST_MS,
            step=_STEP_MS,
            stop_event=stop,
            recursive=recursive,
            ignore_permission_denied=True,
        ):
            changed.set()
    changed.set()


def _around(path: Path) -> Path:
    return path.absolute().parent


def _identity(paths: Sequence[Path]) -> tuple[tuple[int, int] | None, ...]:
    """What tells the folders of now from others of the same names."""
    found: list[tuple[int, int] | None] = []
    for folder in (*(_around(path) for path in paths), *(path for path in paths if not path.is_file())):
        try:
            status = folder.stat()
            found.append((status.st_dev, status.st_ino))
        except OSError:
            found.append(None)
    return tuple(found)
