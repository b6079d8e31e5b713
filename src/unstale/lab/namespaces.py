"""Build the three network namespaces of a cell and step into them.

    pod 10.0.0.10 ── 10.0.0.1 firewall 192.0.2.1 ── 192.0.2.2 internet (192.0.2.53 DNS, load-balancer nodes)

Where the world has distance, netem delays what leaves both ends of the right-hand wire; without netem a fourth
namespace, *road*, lies between them, where a relay holds every frame back.

They are bind mounts on a tmpfs of the lab's own mount namespace, so they vanish with its last process whatever kills
it. Two namespaces per process would need threads; a socket keeps the namespace that it was made in, so one process
steps in, makes its sockets and steps out again.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from unstale.lab.world import (
    AUTHORITY_ADDRESS,
    FIREWALL_OUTSIDE,
    INTERNET_GATEWAY,
    OTHER_RESOLVER,
    POD_ADDRESS,
    POD_GATEWAY,
    World,
)
from unstale.model.errors import MachineError
from unstale.sidecar.programs import find

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespaces:
    """The paths of a cell's network namespaces; `road` is there only where a relay makes the distance.

    None is the namespace that one is in: all of them are where namespaces are forbidden.
    """

    pod: Path | None = None
    firewall: Path | None = None
    internet: Path | None = None
    road: Path | None = None

    @property
    def all(self) -> tuple[Path, ...]:
        return tuple(path for path in (self.pod, self.firewall, self.internet, self.road) if path)


def build(folder: Path, world: World) -> Namespaces:
    """Create the namespaces of `world` in `folder`, linked and addressed, forwarding on in the firewall.

    Raises MachineError with the program's own words where the kernel refuses.
    """
    spaces = Namespaces(pod=folder / "pod", firewall=folder / "firewall", internet=folder / "internet")
    for space in spaces.all:
        _create(space)
    if world.distance_ms and not _has_netem(spaces):
        spaces = replace(spaces, road=folder / "road")
        assert spaces.road is not None
        _create(spaces.road)
    for path, lines in _wiring(spaces, world):
        call(*inside(path), find("ip"), "-batch", "-", text="\n".join(lines))
    if world.distance_ms and spaces.road is None:
        _delay(spaces, world.distance_ms)
    with entered(spaces.firewall):
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    return spaces


def _create(path: Path) -> None:
    path.touch()
    call(find("unshare"), "--net", find("mount"), "--bind", "/proc/self/ns/net", str(path))


def _has_netem(spaces: Namespaces) -> bool:
    """Whether this kernel can delay packets by itself, tried where nothing is measured yet."""
    device = ("dev", "lo", "root")
    try:
        call(*inside(spaces.internet), find("tc"), "qdisc", "add", *device, "netem", "delay", "1ms")
        call(*inside(spaces.internet), find("tc"), "qdisc", "del", *device)
    except MachineError:
        return False
    return True


def _delay(spaces: Namespaces, distance_ms: float) -> None:
    for path, interface in ((spaces.firewall, "outside"), (spaces.internet, "eth0")):
        call(*inside(path), find("tc"), "qdisc", "add", "dev", interface, "root", "netem", "delay", f"{distance_ms}ms")


def remove(spaces: Namespaces) -> None:
    """Take the names away; the kernel frees a namespace when its last process and socket are gone."""
    for path in spaces.all:
        call(find("umount"), str(path))
        path.unlink()


def inside(path: Path | None) -> tuple[str, ...]:
    """The command prefix that runs a program in the namespace at `path`."""
    if path is None:
        return ()
    return (find("nsenter"), f"--net={path}")


@contextmanager
def entered(path: Path | None) -> Iterator[None]:
    """Run the block in the namespace at `path`; sockets made there stay there. Affects the calling thread only."""
    if path is None:
        yield
        return
    own = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter(path)
        try:
            yield
        finally:
            _setns(own)
    finally:
        os.close(own)


def enter(path: Path | None) -> None:
    """Move the calling thread into the namespace at `path` for good."""
    if path is None:
        return
    there = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _setns(there)
    finally:
        os.close(there)


def call(*command: str, text: str = "") -> str:
    """Run a system program to its end and return what it printed.

    Raises MachineError with its first line of complaint.
    """
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        complaint = (done.stderr.strip() or f"exit {done.returncode}").splitlines()[0]
        program = next((Path(word).name for word in command[2:] if word.startswith("/")), Path(command[0]).name)
        raise MachineError(f"{program}: refused ({complaint}). The lab needs a kernel with namespaces and nftables.")
    return done.stdout


def _setns(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise MachineError(f"setns: refused ({os.strerror(error)}). The lab needs network namespaces.")


def _wiring(spaces: Namespaces, world: World) -> tuple[tuple[Path | None, tuple[str, ...]], ...]:
    nodes = dict.fromkeys((*world.addresses, *world.spare_addresses))
    firewall = (
        "link set lo up",
        f"link add inside type veth peer name eth0 netns {spaces.pod}",
        f"link add outside type veth peer name {_outer_end(spaces)}",
        f"address add {POD_GATEWAY}/24 dev inside",
        f"address add {OTHER_RESOLVER}/24 dev inside",
        f"address add {FIREWALL_OUTSIDE}/24 dev outside",
        "link set inside up",
        "link set outside up",
        f"route add default via {INTERNET_GATEWAY}",
    )
    pod = (
        "link set lo up",
        f"address add {POD_ADDRESS}/24 dev eth0",
        "link set eth0 up",
        f"route add default via {POD_GATEWAY}",
    )
    internet = (
        "link set lo up",
        f"address add {INTERNET_GATEWAY}/24 dev eth0",
        f"address add {AUTHORITY_ADDRESS}/32 dev lo",
        *(f"address add {address}/32 dev lo" for address in nodes),
        "link set eth0 up",
        f"route add default via {FIREWALL_OUTSIDE}",
    )
    wiring = ((spaces.firewall, firewall), (spaces.pod, pod), (spaces.internet, internet))
    if spaces.road is None:
        return wiring
    far = (f"link add far type veth peer name eth0 netns {spaces.internet}", "link set far up")
    return ((spaces.road, far), *wiring, (spaces.road, ("link set near up",)))


def _outer_end(spaces: Namespaces) -> str:
    """Where the wire out of the firewall ends, in the words of `ip link add`."""
    return f"eth0 netns {spaces.internet}" if spaces.road is None else f"near netns {spaces.road}"
