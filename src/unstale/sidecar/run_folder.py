"""The private folder of one running sidecar, and how other terminals find it.

    $XDG_RUNTIME_DIR/unstale/PID     or     /tmp/unstale-UID/PID

Sockets, Envoy's log and the bootstrap lie there, for the owner's eyes only.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from unstale.model.errors import MachineError

STATUS_SOCKET = "status.sock"
_LONGEST_BASE = 60
"""What leaves room for the names of unix sockets, of which a path may have 107 characters."""


def base(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the folders of all running sidecars of this user lie."""
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if runtime and len(runtime) < _LONGEST_BASE and os.access(runtime, os.W_OK):
        return Path(runtime) / "unstale"
    return Path(f"/tmp/unstale-{os.getuid()}")


def create(environ: Mapping[str, str] = os.environ) -> Path:
    """Make the folder of this process. Raises MachineError where it would not be private."""
    parent = base(environ)
    try:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = parent.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise MachineError(f"{parent}: is not this user's alone. Remove it, or set XDG_RUNTIME_DIR.")
        folder = parent / str(os.getpid())
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise MachineError(f"{parent}: cannot be written ({error.strerror}). Set XDG_RUNTIME_DIR.") from error
    return folder


def remove(folder: Path) -> None:
    """Leave nothing behind."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        folder.parent.rmdir()


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def running(environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """The folders of sidecars that run now, oldest first; what killed ones left is removed."""
    folders = []
    for folder in base(environ).glob("[0-9]*"):
        if _runs(int(folder.name)):
            folders.append(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return tuple(sorted(folders, key=lambda one: (one.stat().st_ctime_ns, one.name)))
