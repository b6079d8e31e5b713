"""The process that makes the command's network namespace, keeps it, and answers for what lies inside.

    python -m unstale.sidecar.holder DESCRIPTOR

It alone may configure the namespace: in a user namespace of its own it has every right over the network and none over
the machine. The command enters the same namespace without any. When the line to the caller is closed, whatever closed
it, the holder ends every process that is still inside, so that nothing stays behind without its proxy.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from unstale.model.errors import MachineError
from unstale.sidecar.handover import listening

_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_CAPABILITY_VERSION = 0x20080522
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITIES = (10, 12, 13, 21)
"""CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_ADMIN: over the namespaces made here."""

_LOOK_S = 0.02
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Make the namespaces, say how it went, and serve until the line is closed."""
    line = socket.socket(fileno=int(sys.argv[1]))
    line.set_inheritable(False)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    home = network_of("self")
    try:
        has_user_namespace = isolate(own_mounts="mounts" in sys.argv[2:])
    except OSError as error:
        _say(line, {"error": error.strerror, "step": error.filename})
        return
    _say(line, {"user": has_user_namespace})
    assert network_of("self") != home, "never end anything in the namespace of the caller"
    try:
        while order := line.recv(1 << 20):
            _obey(line, json.loads(order))
    except OSError:
        pass
    finally:
        end_everything(network_of("self"), grace_s=0)


def isolate(*, own_mounts: bool) -> bool:
    """Enter new namespaces: as root of this machine without a user namespace, so that the command stays root.

    Returns whether a user namespace was made. Raises OSError whose file name says which kind was refused.
    """
    more = _CLONE_NEWNS if own_mounts else 0
    if os.geteuid() == 0 and _libc.unshare(_CLONE_NEWNET | more) == 0:
        return False
    uid, gid = os.geteuid(), os.getegid()
    if _libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "user")
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    except OSError as error:
        raise OSError(error.errno, error.strerror, "user") from error
    if _libc.unshare(_CLONE_NEWNET | more) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "net")
    _keep_capabilities()
    return True


def end_everything(network: int, *, grace_s: float) -> None:
    """End every other process in a network namespace: SIGTERM, and SIGKILL after `grace_s`."""
    deadline = time.monotonic() + grace_s
    for pid in members(network):
        _signal(pid, signal.SIGTERM if grace_s else signal.SIGKILL)
    while pids := list(members(network)):
        if time.monotonic() >= deadline:
            for pid in pids:
                _signal(pid, signal.SIGKILL)
        time.sleep(_LOOK_S)


def members(network: int) -> Iterator[int]:
    """The processes of a network namespace that have not ended yet, this one apart."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            with suppress(OSError):
                if network_of(folder.name) == network and not _is_dead(folder):
                    yield int(folder.name)


def network_of(process: str) -> int:
    """What names a process's network namespace."""
    return Path(f"/proc/{process}/ns/net").stat().st_ino


def _is_dead(folder: Path) -> bool:
    return (folder / "stat").read_text().rpartition(") ")[2][:1] in ("Z", "X")


def _obey(line: socket.socket, order: dict[str, Any]) -> None:
    match order["do"]:
        case "run":
            done = subprocess.run(order["command"], input=order["text"], capture_output=True, text=True, check=False)
            _say(line, {"status": done.returncode, "said": done.stderr.strip()})
        case "listen":
            try:
                with _made(order) as made:
                    _say(line, {"kind": order["kind"]}, made)
            except (MachineError, OSError) as error:
                _say(line, {"error": str(error)})
        case "end":
            end_everything(network_of("self"), grace_s=order["grace_s"])
            _say(line, {})


def _made(order: dict[str, Any]) -> socket.socket:
    host, port = order["address"]
    if order["kind"] == "tcp":
        return listening((host, port))
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    made.bind((host, port))
    return made


def _say(line: socket.socket, answer: dict[str, Any], passed: socket.socket | None = None) -> None:
    with suppress(OSError):
        socket.send_fds(line, [json.dumps(answer).encode()], [passed.fileno()] if passed else [])


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(OSError):
        os.kill(pid, number)


def _keep_capabilities() -> None:
    """Let the programs run here (ip, nft) have them too: they are not run as root, where that goes without saying."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    held = (ctypes.c_uint32 * 6)()
    _libc.capget(header, held)
    held[2], held[5] = held[1], held[4]  # inheritable: what is permitted
    _libc.capset(header, held)
    for capability in _CAPABILITIES:
        _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0)


if __name__ == "__main__":
    main()
