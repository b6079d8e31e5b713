"""What the lab needs of a machine, asked before anything is started, and answered in words a user can act on."""

from __future__ import annotations

import subprocess

from unstale.model.errors import MachineError
from unstale.sidecar.permission import why_forbidden
from unstale.sidecar.programs import find, missing, missing_message

PROGRAMS = ("nft", "ip", "unshare", "nsenter", "mount", "umount", "setpriv")


def check() -> None:
    """Raise MachineError, naming what is missing and how to get it, unless the lab can run here."""
    absent = missing(PROGRAMS)
    if absent:
        raise MachineError(missing_message(absent))
    trial = subprocess.run(
        [*isolation(), find("ip"), "link", "set", "lo", "up"], capture_output=True, text=True, check=False
    )
    if trial.returncode != 0:
        complaint = trial.stderr.strip().splitlines()
        raise MachineError(why_forbidden(complaint[0] if complaint else "no reason given"))


def isolation() -> tuple[str, ...]:
    """The command prefix that gives a program namespaces of its own, and ends all of them with it."""
    return (
        find("unshare"),
        "--user",
        "--map-root-user",
        "--net",
        "--mount",
        "--ipc",
        "--pid",
        "--fork",
        "--kill-child=KILL",
    )
