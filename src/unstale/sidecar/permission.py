"""Why a user may not make namespaces here, and which setting allows it."""

from __future__ import annotations

from pathlib import Path

SETTINGS = (
    ("user.max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=10000"),
    ("user.max_net_namespaces", "0", "sudo sysctl user.max_net_namespaces=10000"),
    ("kernel.unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
    (
        "kernel.apparmor_restrict_unprivileged_userns",
        "1",
        "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
)
"""A kernel setting, the value that forbids namespaces, and the command that allows them."""

_SYSCTL = Path("/proc/sys")


def why_forbidden(said: str, *, sysctl: Path = _SYSCTL) -> str:
    """What stands in the way, by the setting's name or the kernel's own word `said`, and how to allow it."""
    for name, value, cure in SETTINGS:
        setting = sysctl / name.replace(".", "/")
        if setting.exists() and setting.read_text().strip() == value:
            return f"this machine: namespaces are forbidden to this user ({name} = {value}). Allow them with {cure}"
    return (
        f"this machine: namespaces are forbidden to this user ({said}). "
        "In a container, start it with --privileged or a seccomp profile that allows unshare and mount"
    )
