"""What the lab needs of a machine, asked before anything is started, and answered in words a user can act on."""

from __future__ import annotations

import subprocess
from pathlib import Path

from unstale.model.errors import MachineError
from unstale.sidecar.programs import find, missing, missing_message

PROGRAMS = ("nft", "ip", "unshare", "nsenter", "mount", "umount", "setpriv")

_SETTINGS = (
    ("/proc/sys/user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=10000"),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
)
"""A kernel setting, the value that forbids user namespaces, and the command that allows them."""


def check() -> None:
    """Raise MachineError, naming what is missing and how to get it, unless the lab can run here."""
    absent = missing(PROGRAMS)
    if absent:
        raise MachineError(missing_message(absent))
    trial = subprocess.run(
        [*isolation(), find("ip"), "link", "set", "lo", "up"], capture_output=True, text=True, check=False
    )
    if trial.returncode != 0:
        raise MachineError(_forbidden(trial.stderr.strip().splitlines()))


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


def _forbidden(complaint: list[str]) -> str:
    said = complaint[0] if complaint else "no reason given"
    for path, value, cure in _SETTINGS:
        setting = Path(path)
        if setting.exists() and setting.read_text().strip() == value:
            name = path.removeprefix("/proc/sys/").replace("/", ".")
            return f"this machine: user namespaces are forbidden ({name} = {value}). Allow them with: {cure}"
    return (
        f"this machine: user namespaces are forbidden ({said}). "
        "In a container, start it with --privileged or a seccomp profile that allows unshare and mount."
    )
