#!/usr/bin/env python3
"""Measure `unstale sidecar`'s start and changes with many hosts: how long until Envoy serves, and whose time that is.

    .venv/bin/python scripts/bench_sidecar_hosts.py [--hosts N] [--changes N]

The hosts are those of bench_compile.py. 20,000 files may be open. Look-ups are answered by a name server of its own on
the loopback, so the network has no part in it. A change is a file renamed over another; `on the wire` is from then to
the moment its bytes are handed to gRPC, `Envoy` what passes until the last acknowledgement, and the rest is ours.
At the end Envoy is killed, and started again with everything.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import bench_compile

from unstale.sidecar.handover import Handover, listening
from unstale.sidecar.live import Edit, Live
from unstale.sidecar.resolver import SHARED, with_shared_resolver
from unstale.sidecar.setting import LocalSetting
from unstale.sidecar.sidecar import Sidecar, SidecarSettings
from unstale.sidecar.xds import server, wire
from unstale.sidecar.xds.messages import Request, Response

OPEN_FILES = 20_000
EDITS = {
    "DestinationRule": "connectTimeout: ",
    "DestinationRule, its TCP chain too": "maxConnectionDuration: ",
    "VirtualService": "timeout: ",
}
"""What is changed, and the field that gets another duration."""


@dataclass(slots=True, kw_only=True)
class Traffic:
    """When responses were sent and requests came, in seconds of the monotonic clock."""

    sent: list[float] = field(default_factory=list)
    came: list[float] = field(default_factory=list)

    def listen(self) -> None:
        """From now on, to every response and request of this process."""
        encoded, read = wire.encoded, server._request

        def sending(response: Response) -> bytes:
            made = encoded(response)
            self.sent.append(time.monotonic())
            return made

        def reading(message: Any) -> Request:
            self.came.append(time.monotonic())
            return read(message)

        vars(server).update(encoded=sending, _request=reading)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """In milliseconds from the rename: until the first byte was handed over, and until it was in force."""

    wire_ms: float
    applied_ms: float
    envoy_ms: float


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--hosts", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=7)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    with tempfile.TemporaryDirectory(prefix="us-") as name, _name_server() as port:
        asyncio.run(_measure(Path(name), port, options.hosts, options.changes))
    return 0


async def _measure(folder: Path, port: int, hosts: int, changes: int) -> None:
    manifests = folder / "m"
    manifests.mkdir()
    files = list(bench_compile._write(manifests, hosts))
    traffic = Traffic()
    traffic.listen()
    handover = Handover(folder / "run", _listening)
    settings = SidecarSettings(
        folder=folder / "run", concurrency=2, handover=handover, is_bare=True, resolver=_resolver(port), restarts=True
    )
    (folder / "run").mkdir()
    sidecar = Sidecar(settings)
    setting = LocalSetting()
    live = Live(sidecar, [manifests], access_log=folder / "a.log", setting=setting, last_step=with_shared_resolver)
    began = time.monotonic()
    await live.start()
    _tell_start(hosts, began, traffic, sidecar.pid or 0)
    edits: asyncio.Queue[Edit] = asyncio.Queue()
    following = asyncio.create_task(live.follow(edits.put_nowait))
    await asyncio.sleep(1)  # until it watches
    for what, key in EDITS.items():
        found = [await _change(files[len(files) // 2], key, number, edits, traffic) for number in range(changes)]
        _tell_changes(what, found)
    await _kill_envoy(sidecar)
    following.cancel()
    await sidecar.kill()
    handover.close()


async def _change(file: Path, key: str, number: int, edits: asyncio.Queue[Edit], traffic: Traffic) -> Change:
    fresh = file.with_suffix(".new")
    fresh.write_text(bench_compile._with_new_duration(file.read_text(), key, number))
    traffic.sent.clear()
    traffic.came.clear()
    began = time.monotonic()
    fresh.rename(file)
    edit = await edits.get()
    applied = time.monotonic()
    assert edit.is_in_force, str(edit)
    await asyncio.sleep(0.5)  # Envoy tidies up
    envoy_s = traffic.came[-1] - traffic.sent[0]
    return Change(
        wire_ms=1000 * (traffic.sent[0] - began), applied_ms=1000 * (applied - began), envoy_ms=1000 * envoy_s
    )


async def _kill_envoy(sidecar: Sidecar) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()
    keeping = asyncio.create_task(sidecar.keep_alive(told.put_nowait))
    await asyncio.sleep(0)
    os.kill(sidecar.pid or 0, signal.SIGKILL)
    while "serves again" not in (words := await told.get()):
        print(words, flush=True)
    print(words, flush=True)
    keeping.cancel()


def _tell_start(hosts: int, began: float, traffic: Traffic, envoy: int) -> None:
    ended = time.monotonic()
    words = Path(f"/proc/{envoy}/stat").read_text().rpartition(") ")[2].split()
    spent_s = (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    files = len(list(Path(f"/proc/{envoy}/fd").iterdir()))
    print(
        f"{hosts} hosts: in force after {ended - began:.1f} s, the first clusters on the wire after "
        f"{traffic.sent[2] - began:.1f} s; processor time: ours {time.process_time():.1f} s, Envoy's {spent_s:.1f} s; "
        f"Envoy has {files} files open",
        flush=True,
    )


def _tell_changes(what: str, found: list[Change]) -> None:
    wire, applied, envoy = (
        median(getattr(one, name) for one in found) for name in ("wire_ms", "applied_ms", "envoy_ms")
    )
    ours = median(one.applied_ms - one.envoy_ms for one in found)
    print(
        f"a changed {what}: on the wire after {wire:.0f} ms, in force after {applied:.0f} ms, of which Envoy "
        f"{envoy:.0f} ms and ours {ours:.0f} ms (medians of {len(found)})",
        flush=True,
    )


async def _listening(address: tuple[str, int]) -> socket.socket:
    return listening(address)


def _resolver(port: int) -> dict[str, Any]:
    servers = [{"socket_address": {"address": "127.0.0.1", "port_value": port}}]
    return {**SHARED, "typed_config": {**SHARED["typed_config"], "resolvers": servers}}


@contextmanager
def _name_server() -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        taken.bind(("127.0.0.1", 0))
        words = [sys.executable, __file__, "name-server", str(taken.fileno())]
        running = subprocess.Popen(words, pass_fds=[taken.fileno()])
        try:
            yield taken.getsockname()[1]
        finally:
            running.kill()
            running.wait()


def _serve_names(taken: socket.socket, answer: Callable[[bytes], bytes]) -> None:
    while True:
        query, client = taken.recvfrom(2048)
        taken.sendto(answer(query), client)


def _answer(query: bytes) -> bytes:
    """127.0.0.1 for every name, for an hour."""
    end = query.index(0, 12) + 5
    head = query[:2] + struct.pack(">HHHHH", 0x8580, 1, 1, 0, 0) + query[12:end]
    return head + b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 3600, 4) + bytes((127, 0, 0, 1))


if __name__ == "__main__":
    if sys.argv[1:2] == ["name-server"]:
        _serve_names(socket.socket(fileno=int(sys.argv[2])), _answer)
    sys.exit(main())
