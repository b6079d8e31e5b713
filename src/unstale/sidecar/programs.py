"""Find the system programs that are called, and say how to install the ones that are missing.

On Debian an ordinary user's PATH has no sbin, although `nft` and `ip` live there and work inside a user namespace.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable

from unstale.model.errors import MachineError

PACKAGES = {
    "ip": "iproute2",
    "mount": "mount",
    "nft": "nftables",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "slirp4netns": "slirp4netns",
    "unshare": "util-linux",
}
"""Program -> the Debian and Ubuntu package that brings it."""

_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"


def find(program: str) -> str:
    """The path of `program`, looked for in PATH and then in the sbin folders.

    Raises MachineError where it is not installed.
    """
    path = search(program)
    if path is None:
        raise MachineError(missing_message([program]))
    return path


def missing(programs: Iterable[str]) -> tuple[str, ...]:
    """Those of `programs` that are not installed."""
    return tuple(program for program in programs if search(program) is None)


def missing_message(programs: Iterable[str]) -> str:
    """One sentence for the user: what is missing and the command that installs it."""
    names = list(programs)
    packages = sorted({PACKAGES.get(name, name) for name in names})
    return (
        f"this machine: program not found ({', '.join(names)}). "
        f"Install it with: sudo apt-get install {' '.join(packages)}"
    )


def search(program: str) -> str | None:
    """The path of `program`, None where it is not installed: for what can be done without."""
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:{_SBIN}")
