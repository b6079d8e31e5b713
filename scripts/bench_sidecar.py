"""Measure what `unstale sidecar` costs: against a hand-written minimal Envoy, and against no proxy at all.

One origin, one load generator, short rounds in turn, forwards and backwards, so that whatever else the machine does
meets all alike. Every way runs from the first round to the last: the same two workers, no access log, connections of
the same kind. The minimal configuration is measured twice: connected to directly, and captured, where it stands in the
place of what istiod would configure and everything else is `unstale sidecar`. So what the manifests' configuration
costs, and what the capture costs, which every configuration in that place bears, are two figures. The aim is about
both together, against the minimal one that is connected to. Throughput is taken with many connections, the added
latency with one, where nothing queues. The processor time that the proxy takes for a request stands beside it: on a
busy machine it is the steadier figure. The origin is an Envoy that answers by itself; the load is wrk where it is
installed, else a small generator in Python, which is slower than what it measures and says so.
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
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from unstale.sidecar.binary import find_envoy
from unstale.sidecar.capture import OUTBOUND_PORT
from unstale.sidecar.handover import listening
from unstale.sidecar.programs import find

CONNECTIONS = 32
AIM = 0.95
NO_PROXY, MINIMAL, CAPTURED, OURS = "no proxy", "minimal Envoy", "the same, captured", "unstale sidecar"
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
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=28)
    parser.add_argument("--seconds", type=int, default=1, metavar="S", help="for each load")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="us-")))
        origin, minimal = _free_port(), _free_port()
        at_origin = stack.enter_context(_envoy(folder / "origin.json", _origin(origin), origin))
        at_minimal = stack.enter_context(_envoy(folder / "minimal.json", _minimal(minimal, origin), minimal))
        (folder / "m.yaml").write_text(_manifests(origin))
        captured = f"http://{_SERVICE}/"
        started = {
            NO_PROXY: _Way((), f"http://127.0.0.1:{origin}/", at_origin),
            MINIMAL: _Way((), f"http://127.0.0.1:{minimal}/", at_minimal),
            CAPTURED: _Way(_minimal_captured(folder, origin), captured, _BESIDE),
            OURS: _Way(_sidecar(folder), captured, _BESIDE),
        }
        ways = {name: stack.enter_context(way) for name, way in started.items()}
        many = {name: _Rounds() for name in ways}
        single = {name: _Rounds() for name in ways}
        for number in range(options.rounds):
            for name in list(ways) if number % 2 else reversed(list(ways)):
                many[name].add(ways[name].measured(CONNECTIONS, options.seconds))
                single[name].add(ways[name].measured(1, options.seconds))
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    return _report(many, single)


class _Way:
    """A load generator behind a command that ends by running it; it waits for orders between its rounds."""

    def __init__(self, prefix: tuple[str, ...], url: str, pid: int) -> None:
        self._words = [*prefix, sys.executable, __file__, "inside", url, str(pid)]

    def __enter__(self) -> _Way:
        self._running = subprocess.Popen(self._words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.measured(CONNECTIONS, 1.0)  # the first connections, and what is made at the first request
        return self

    def __exit__(self, *_: object) -> None:
        assert self._running.stdin is not None
        self._running.stdin.close()
        self._running.wait()

    def measured(self, connections: int, seconds: float) -> Measured:
        assert self._running.stdin is not None
        assert self._running.stdout is not None
        self._running.stdin.write(f"{connections} {seconds}\n")
        self._running.stdin.flush()
        answer = self._running.stdout.readline()
        if not answer:
            raise SystemExit(f"{' '.join(self._words)}: ended by itself")
        return Measured(**json.loads(answer))


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
    print(f"{_generator()}; throughput with {CONNECTIONS} connections, latency with one; medians")
    print(f"{'':22}  {'requests/s':>11}  {'CPU us/request':>14}  {'p50 ms':>8}  {'p99 ms':>8}")
    for name, rounds in many.items():
        middle, alone = rounds.middle, single[name].middle
        print(f"{name:22}  {middle.rate:11.0f}  {middle.cpu_us:14.1f}  {alone.p50_ms:8.3f}  {alone.p99_ms:8.3f}")
    rates = {peer: _ratios(many, peer, lambda ours, theirs: ours.rate / theirs.rate) for peer in (MINIMAL, CAPTURED)}
    print(f"{OURS}, round by round: the median, and between what half of the rounds lie")
    for peer, found in rates.items():
        efforts = _ratios(many, peer, lambda ours, theirs: theirs.cpu_us / ours.cpu_us)
        aim = f" (aim {AIM}, capture included)" if peer == MINIMAL else ""
        print(f"  / {peer}: requests/s {_spread(found)}{aim}, by processor time {_spread(efforts)}")
    base, ours = single[NO_PROXY].middle, single[OURS].middle
    print(f"added to no proxy: p50 {ours.p50_ms - base.p50_ms:+.3f} ms, p99 {ours.p99_ms - base.p99_ms:+.3f} ms")
    return 0 if statistics.median(rates[MINIMAL]) >= AIM else 1


def _ratios(many: dict[str, _Rounds], peer: str, ratio: Callable[[Measured, Measured], float]) -> list[float]:
    return [ratio(ours, theirs) for ours, theirs in zip(many[OURS].all, many[peer].all, strict=True)]


def _spread(ratios: list[float]) -> str:
    low, middle, high = statistics.quantiles(ratios, n=4)
    return f"{middle:.3f} ({low:.3f} to {high:.3f})"


def _sidecar(folder: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "unstale.cli.main", "sidecar", "-f", str(folder / "m.yaml"), "--")


def _minimal_captured(folder: Path, origin: int) -> tuple[str, ...]:
    """`unstale sidecar` with the minimal configuration in the place of its own."""
    return (sys.executable, __file__, "captured", str(folder / "m.yaml"), str(origin))


def _run_captured(manifests: Path, origin: int, command: list[str]) -> int:
    from unstale.envoy.inputs import Configuration
    from unstale.envoy.resource import Resource, Resources
    from unstale.sidecar.run import Run
    from unstale.sidecar.run_settings import RunSettings
    from unstale.sidecar.signals import Signals

    static = _minimal(OUTBOUND_PORT, origin, host="0.0.0.0")

    class MinimalRun(Run):
        def _shape(self, found: Configuration) -> Resources:
            made = {kind: tuple(Resource(name=one["name"], value=one) for one in static[kind]) for kind in static}
            return Resources(**made)

    signals = Signals()

    async def run() -> int:
        settings = RunSettings(paths=(manifests,), command=tuple(command))
        return await MinimalRun(settings, signals, lambda line: print(line, file=sys.stderr)).run()

    return asyncio.run(run())


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


def _minimal(port: int, origin: int, *, host: str = "127.0.0.1") -> Json:
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
        "listeners": [_listener(port, {"match": {"prefix": "/"}, "route": {"cluster": "origin"}}, host=host)],
        "clusters": [cluster],
    }


def _listener(port: int, route: Json, *, host: str = "127.0.0.1") -> Json:
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
        "address": {"socket_address": {"address": host, "port_value": port}},
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


def _inside(url: str, pid: int) -> None:
    """Orders come as lines, `CONNECTIONS SECONDS`; each is answered by a line of JSON."""
    envoy = pid or _envoy_beside()
    for order in iter(sys.stdin.readline, ""):
        connections, seconds = int(order.split()[0]), float(order.split()[1])
        before = _cpu_us(envoy)
        found = _load(url, connections, seconds)
        spent = _cpu_us(envoy) - before
        print(json.dumps(asdict(replace(found, cpu_us=spent / (found.rate * seconds)))), flush=True)


def _load(url: str, connections: int, seconds: float) -> Measured:
    wrk = shutil.which("wrk")
    if wrk is None:
        return Measured(**asyncio.run(_requests(url, connections, seconds)))
    threads = str(min(connections, WORKERS))
    words = [
        wrk,
        "--latency",
        "-t",
        threads,
        "-c",
        str(connections),
        "-d",
        f"{seconds:.0f}s",
        "-H",
        f"Host: {_HOST}",
        url,
    ]
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
    match sys.argv[1:2]:
        case ["inside"]:
            _inside(sys.argv[2], int(sys.argv[3]))
        case ["captured"]:
            sys.exit(_run_captured(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]))
        case _:
            sys.exit(main())
