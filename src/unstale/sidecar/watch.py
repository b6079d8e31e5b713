"""Hear of changes in manifest files from the kernel, not by looking again and again.

Editors and `kubectl` replace a file by renaming another over it, which ends a watch on the file itself, so the folder
around it is watched. A folder may be replaced as a whole too: then all is watched anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from watchfiles import Change, awatch

from unstale.model.errors import MachineError
from unstale.sidecar.inotify import Inotify, is_available

_STEP_MS = 5
_AT_MOST_MS = 50
_LOOK_ANYHOW_MS = 500
_LOOK_AGAIN_S = 1.0
"""Only while a folder to watch is missing."""

_UNFINISHED_S = 0.02
"""How long a writer may stay silent without having closed its file."""


class _Changes:
    """Whether something may have changed, and whether the watch itself is of yesterday."""

    def __init__(self) -> None:
        self.happened = asyncio.Event()
        self.is_stale = False

    def outdate(self) -> None:
        self.is_stale = True
        self.happened.set()


async def wake_ups(paths: Sequence[Path]) -> AsyncGenerator[None, None]:
    """Yield at once, and then whenever something may have changed in the files or folders `paths`.

    Raises MachineError where the kernel refuses to watch.
    """
    while True:
        identity = _identity(paths)
        yield None
        if not any(_around(path).is_dir() for path in paths):
            await asyncio.sleep(_LOOK_AGAIN_S)
            continue
        changes = _Changes()
        async with _told_by_kernel(paths, changes) if is_available() else _told_by_library(paths, changes):
            yield None  # for what changed before the watch began
            while identity == _identity(paths) and not changes.is_stale:
                changes.happened.clear()
                await changes.happened.wait()
                yield None


@asynccontextmanager
async def _told_by_kernel(paths: Sequence[Path], changes: _Changes) -> AsyncGenerator[None, None]:
    loop = asyncio.get_running_loop()
    try:
        inotify = Inotify()
    except OSError as error:
        raise MachineError(f"inotify: {error.strerror}. Raise fs.inotify.max_user_instances by sysctl.") from error
    try:
        for folder in _folders(paths):
            _watch(inotify, folder, changes)
        loop.add_reader(inotify.descriptor, _hear, inotify, _concerns(paths), changes)
        try:
            yield
        finally:
            loop.remove_reader(inotify.descriptor)
    finally:
        inotify.close()


def _watch(inotify: Inotify, folder: Path, changes: _Changes) -> None:
    try:
        inotify.add(folder)
    except (FileNotFoundError, NotADirectoryError):
        changes.outdate()
    except PermissionError:
        pass  # what is in it cannot be read either
    except OSError as error:
        raise MachineError(f"{folder}: {error.strerror}. Raise fs.inotify.max_user_watches by sysctl.") from error


def _hear(inotify: Inotify, concerns: Callable[[Path], bool], changes: _Changes) -> None:
    for event in inotify.events():
        if event.is_folder:
            changes.outdate()
        elif event.path is not None and concerns(event.path):
            if event.is_done:
                changes.happened.set()
            else:
                asyncio.get_running_loop().call_later(_UNFINISHED_S, changes.happened.set)


def _folders(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Those around the paths, and those in them at any depth."""
    around = [folder for path in paths if (folder := _around(path)).is_dir()]
    below: list[Path] = []
    for path in paths:
        if path.is_dir():
            with suppress(OSError):
                below += [path.absolute(), *(one for one in path.absolute().rglob("*") if one.is_dir())]
    return tuple(dict.fromkeys([*around, *below]))


def _concerns(paths: Sequence[Path]) -> Callable[[Path], bool]:
    """Whether what happened to a file matters: it is a path, or below one. Of a link it may be any neighbour."""
    wanted = {path.absolute() for path in paths}
    if any(path.is_symlink() for path in paths):
        return lambda path: True
    return lambda path: path in wanted or not wanted.isdisjoint(path.parents)


@asynccontextmanager
async def _told_by_library(paths: Sequence[Path], changes: _Changes) -> AsyncGenerator[None, None]:
    """Where the kernel is not Linux. It does not say when it has begun, nor what came below, so all is looked at again
    every now and then too."""
    stop = asyncio.Event()
    task = asyncio.create_task(_follow(paths, stop, changes))
    try:
        yield
    finally:
        stop.set()
        task.cancel()
        await asyncio.wait([task])


async def _follow(paths: Sequence[Path], stop: asyncio.Event, changes: _Changes) -> None:
    concerns = _concerns(paths)

    def wanted(change: Change, path: str) -> bool:
        return concerns(Path(path))

    with suppress(FileNotFoundError):  # a folder that has just gone: its parent's change wakes us
        async for _ in awatch(
            *_folders(paths),
            watch_filter=wanted,
            debounce=_AT_MOST_MS,
            step=_STEP_MS,
            stop_event=stop,
            recursive=False,
            ignore_permission_denied=True,
            rust_timeout=_LOOK_ANYHOW_MS,
            yield_on_timeout=True,
        ):
            changes.happened.set()
    changes.outdate()


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
