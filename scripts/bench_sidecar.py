"""Measure what `unstale sidecar` costs: against a hand-written minimal Envoy, and against no proxy at all.

One origin, one load generator, rounds one after another in turn, so that whatever else the machine does meets all three
alike. Throughput is taken with many connections, the added latency with one, where nothing queues. The processor time
that the proxy takes for a request stands beside it: on a busy machine it is the steadier figure. The origin is an
Envoy that answers by itself; the load is wrk where it is installed, else a small generator in Python, which is slower
than what it measures and says so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from unstale.sidecar.binary import find_envoy
from unstale.sidecar.handover import listening
from unstale.sidecar.programs import find

CONNECTIONS = 32
AIM = 0.95
WORKERS = 2
_SERVICE = "203.0.113.80"
_HOST = "origin.example.com"
_TYPE = "type.googleapis.com/envoy.extensions."
_BESIDE = 0
"""Stands for the process id of the Envoy that has the same parent as the load."""

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Requests a second, latencies in milliseconds, and the proxy's processor time for a request in microseconds."""

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float = 0.0


def main() -> int:
    """Print the table; 1 where the ratio misses its aim."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="us-")))
        origin, minimal = _free_port(), _free_port()
        at_origin = stack.enter_context(_envoy(folder / "origin.json", _origin(origin), origin))
        at_minimal = stack.enter_context(_envoy(folder / "minimal.json", _minimal(minimal, origin), minimal))
        (folder / "m.yaml").write_text(_manifests(origin))
        ways = {
            "no proxy": ((), f"http://127.0.0.1:{origin}/", at_origin),
            "minimal Envoy": ((), f"http://127.0.0.1:{minimal}/", at_minimal),
            "unstale sidecar": (_sidecar(folder), f"http://{_SERVICE}/", _BESIDE),
        }
        many = {name: _Rounds() for name in ways}
        single = {name: _Rounds() for name in ways}
        for number in range(options.rounds):
            for name, (prefix, url, pid) in ways.items():
                many[name].add(_measured(prefix, url, CONNECTIONS, options.seconds, pid))
                single[name].add(_measured(prefix, url, 1, options.seconds, pid))
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    return _report(many, single)


class _Rounds:
    """What one way measured, round by round; the median stands for all."""

    def __init__(self) -> None:
        self.all: list[Measured] = []

    def add(self, one: Measured) -> None:
        self.all.append(one)

    @property
    def middle(self) -> Measured:
        return Measured(
            rate=statistics.median(one.rate for one in self.all),
            p50_ms=statistics.median(one.p50_ms for one in self.all),
            p99_ms=statistics.median(one.p99_ms for one in self.all),
            cpu_us=statistics.median(one.cpu_us for one in self.all),
        )


def _report(many: dict[str, _Rounds], single: dict[str, _Rounds]) -> int:
    print(f"{_generator()}; throughput with {CONNECTIONS} connections, latency with one")
    print(f"{'':16}  {'requests/s':>11}  {'CPU us/request':>14}  {'p50 ms':>8}  {'p99 ms':>8}")
    for name, rounds in many.items():
        middle, alone = rounds.middle, single[name].middle
        print(f"{name:16}  {middle.rate:11.0f}  {middle.cpu_us:14.1f}  {alone.p50_ms:8.3f}  {alone.p99_ms:8.3f}")
    pairs = list(zip(many["unstale sidecar"].all, many["minimal Envoy"].all, strict=True))
    ratio = statistics.median(ours.rate / theirs.rate for ours, theirs in pairs)
    effort = statistics.median(theirs.cpu_us / ours.cpu_us for ours, theirs in pairs)
    base, ours = single["no proxy"].middle, single["unstale sidecar"].middle
    print(f"unstale sidecar / minimal Envoy: requests/s {ratio:.3f} (aim {AIM}), by processor time {effort:.3f}")
    print(f"added to no proxy: p50 {ours.p50_ms - base.p50_ms:+.3f} ms, p99 {ours.p99_ms - base.p99_ms:+.3f} ms")
    return 0 if ratio >= AIM else 1


def _sidecar(folder: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "unstale.cli.main", "sidecar", "-f", str(folder / "m.yaml"), "--")


def _manifests(port: int) -> str:
    return f"""\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: origin}}
spec:
  hosts: [{_HOST}]
  addresses: [{_SERVICE}]
  resolution: STATIC
  ports: [{{number: 80, name: http, protocol: HTTP}}]
  endpoints: [{{address: 127.0.0.1, ports: {{http: {port}}}}}]
"""


def _origin(port: int) -> Json:
    answer = {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": "x" * 128}}}
    return {"listeners": [_listener(port, answer)]}


def _minimal(port: int, origin: int) -> Json:
    """What a careful hand writes: one listener, one route, one static cluster."""
    address = {"socket_address": {"address": "127.0.0.1", "port_value": origin}}
    cluster = {
        "name": "origin",
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": "origin",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
    return {
        "listeners": [_listener(port, {"match": {"prefix": "/"}, "route": {"cluster": "origin"}})],
        "clusters": [cluster],
    }


def _listener(port: int, route: Json) -> Json:
    manager = {
        "@type": f"{_TYPE}filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{_TYPE}filters.http.router.v3.Router"}}
        ],
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    return {
        "name": "bench",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": filters}],
    }


@contextmanager
def _envoy(config: Path, static: Json, port: int) -> Iterator[int]:
    config.write_text(json.dumps({"static_resources": static}))
    words = [str(find_envoy()), "-c", str(config), "--disable-hot-restart", "--concurrency", str(WORKERS), "-l", "off"]
    running = subprocess.Popen([find("setpriv"), "--pdeathsig", "KILL", "--", *words], start_new_session=True)
    try:
        deadline = time.monotonic() + 20
        while not _answers(port):
            if running.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{config.name}: Envoy does not start")
        yield running.pid
    finally:
        running.terminate()
        running.wait()


def _answers(port: int) -> bool:
    import socket

    with socket.socket() as trial:
        trial.settimeout(1)
        return trial.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with listening(("127.0.0.1", 0)) as trial:
        return int(trial.getsockname()[1])


def _generator() -> str:
    return "wrk" if shutil.which("wrk") else "Python, slower than what it measures"


def _measured(prefix: tuple[str, ...], url: str, connections: int, seconds: int, pid: int) -> Measured:
    """One load in a process of its own, behind `prefix`."""
    words = [sys.executable, __file__, "inside", url, str(connections), str(seconds), str(pid)]
    done = subprocess.run([*prefix, *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return Measured(**json.loads(done.stdout))


def _inside(url: str, connections: int, seconds: int, pid: int) -> Measured:
    envoy = pid or _envoy_beside()
    before = _cpu_us(envoy)
    found = _load(url, connections, seconds)
    return replace(found, cpu_us=(_cpu_us(envoy) - before) / (found.rate * seconds))


def _load(url: str, connections: int, seconds: int) -> Measured:
    wrk = shutil.which("wrk")
    if wrk is None:
        return Measured(**asyncio.run(_requests(url, connections, seconds)))
    threads = str(min(connections, WORKERS))
    words = [wrk, "--latency", "-t", threads, "-c", str(connections), "-d", f"{seconds}s", "-H", f"Host: {_HOST}", url]
    return _of_wrk(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def _envoy_beside() -> int:
    """The Envoy that `unstale sidecar`, our parent, started."""
    tasks = Path(f"/proc/{os.getppid()}/task").iterdir()
    pids = [pid for task in tasks for pid in (task / "children").read_text().split()]
    return next(int(pid) for pid in pids if Path(f"/proc/{pid}/comm").read_text().strip() == "envoy")


def _cpu_us(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(words[11]) + int(words[12])) * 1e6 / os.sysconf("SC_CLK_TCK")


def _of_wrk(text: str) -> Measured:
    if "Non-2xx" in text or "Socket errors" in text:
        raise SystemExit(text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    found = {
        share: float(value) * _UNITS[unit] for share, value, unit in re.findall(r"(\d+)%\s+([\d.]+)(us|ms|s)", text)
    }
    assert rate is not None
    return Measured(rate=float(rate[1]), p50_ms=found["50"], p99_ms=found["99"])


async def _requests(url: str, connections: int, seconds: float) -> Json:
    host, _, port = url.removeprefix("http://").removesuffix("/").partition(":")
    request = f"GET / HTTP/1.1\r\nhost: {_HOST}\r\n\r\n".encode()
    taken: list[float] = []
    end = time.monotonic() + seconds

    async def one() -> None:
        reader, writer = await asyncio.open_connection(host, int(port or 80))
        while (began := time.monotonic()) < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            taken.append(time.monotonic() - began)
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    shares = statistics.quantiles(taken, n=100)
    return {"rate": len(taken) / seconds, "p50_ms": shares[49] * 1000, "p99_ms": shares[98] * 1000}


if __name__ == "__main__":
    if sys.argv[1:2] == ["inside"]:
        print(json.dumps(asdict(_inside(sys.argv[2], *(int(word) for word in sys.argv[3:6])))))
    else:
        sys.exit(main())
