"""Which connections a process has open, from the kernel's own tables; Envoy tells only how many."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path

_SOCKET = re.compile(r"socket:\[(\d+)\]")
_ESTABLISHED = "01"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenConnection:
    """`inode` names the socket for as long as it is open. Addresses are `IP:port`."""

    inode: int
    local: str
    remote: str


def open_connections(pid: int, *, proc: Path = Path("/proc")) -> tuple[OpenConnection, ...]:
    """The established TCP connections of a process in its own network namespace; none where it is gone."""
    own = set(_sockets(proc / str(pid) / "fd"))
    found: list[OpenConnection] = []
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            lines = (proc / str(pid) / "net" / table).read_text().splitlines()[1:]
            found += [one for line in lines if (one := _connection(line)) is not None and one.inode in own]
    return tuple(found)


def _sockets(folder: Path) -> Iterator[int]:
    with suppress(OSError):
        for link in folder.iterdir():
            with suppress(OSError):
                if match := _SOCKET.match(str(link.readlink())):
                    yield int(match[1])


def _connection(line: str) -> OpenConnection | None:
    words = line.split()
    if len(words) < 10 or words[3] != _ESTABLISHED:
        return None
    return OpenConnection(inode=int(words[9]), local=_address(words[1]), remote=_address(words[2]))


def _address(text: str) -> str:
    """`0100007F:1F90` is 127.0.0.1:8080: words of 32 bits, each in the machine's own order."""
    digits, _, port = text.partition(":")
    words = [bytes.fromhex(digits[at : at + 8])[::-1] for at in range(0, len(digits), 8)]
    address = ip_address(b"".join(words))
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    shown = f"[{address}]" if address.version == 6 else str(address)
    return f"{shown}:{int(port, 16)}"
