#!/usr/bin/env python3
"""Measure the clients: requests a second and p99 of each adapter beside the plain library, in the same run.

    .venv/bin/python scripts/bench_clients.py [--only NAME].. [--rounds N] [--seconds S] [--json FILE]

One server in a process of its own answers over loopback. Plain and fresh take turns, round by round, so that what else
the machine does meets both; each round gives one ratio, and the median of the ratios counts. Beside them stands the
ratio of processor time a request, which is the same figure without the noise of the scheduler. The import of an adapter
is measured over that of its library. Exits 1 where a ratio is below 0.97 or an import above 20 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

LEAST_RATIO = 0.97
MOST_IMPORT_MS = 20.0
CONNECTIONS = (1, 100)
IMPORTS = 15
PATIENCE_S = 30.0
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n" + b'{"amount": 1}'

Send = Callable[[], object]
SendAsync = Callable[[], Awaitable[object]]
Client = Callable[[str, bool, int], AbstractContextManager[Send]]
AsyncClient = Callable[[str, bool, int], AbstractAsyncContextManager[SendAsync]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one client did in one round."""

    rate: float
    p99_ms: float
    cpu_us: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Medians over the rounds; the ratios are of fresh over plain within one round, p99 and processor time too."""

    client: str
    connections: int
    plain_rate: float
    fresh_rate: float
    ratio: float
    plain_p99_ms: float
    fresh_p99_ms: float
    cpu_ratio: float


class Answering(asyncio.Protocol):
    """Answers every request head with the same 13 bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *heads, self._rest = (self._rest + data).split(b"\r\n\r\n")
        self._transport.write(ANSWER * len(heads))


def serve() -> None:
    """Listen on a free port of 127.0.0.1, print it, answer until standard input ends."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Answering, "127.0.0.1", backlog=512)
        print(server.sockets[0].getsockname()[1], flush=True)
        await loop.run_in_executor(None, sys.stdin.read)

    asyncio.run(run())


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The URL of a server in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdin is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/orders/1"
    finally:
        process.stdin.close()
        process.wait()


@contextlib.contextmanager
def httpx_client(url: str, is_fresh: bool, connections: int) -> Iterator[Send]:
    import httpx

    from unstale.clients.httpx import FreshTransport

    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    transport = FreshTransport(limits=limits) if is_fresh else httpx.HTTPTransport(limits=limits)
    with httpx.Client(transport=transport, timeout=PATIENCE_S) as client:
        yield lambda: client.get(url)


@contextlib.contextmanager
def httpx2_client(url: str, is_fresh: bool, connections: int) -> Iterator[Send]:
    import httpx2

    from unstale.clients.httpx2 import FreshTransport

    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
    transport = FreshTransport(limits=limits) if is_fresh else httpx2.HTTPTransport(limits=limits)
    with httpx2.Client(transport=transport, timeout=PATIENCE_S) as client:
        yield lambda: client.get(url)


@contextlib.contextmanager
def requests_client(url: str, is_fresh: bool, connections: int) -> Iterator[Send]:
    import requests

    from unstale.clients.requests import FreshAdapter

    kind = FreshAdapter if is_fresh else requests.adapters.HTTPAdapter
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", kind(pool_maxsize=connections))
        yield lambda: session.get(url, timeout=PATIENCE_S)


@contextlib.contextmanager
def urllib3_client(url: str, is_fresh: bool, connections: int) -> Iterator[Send]:
    import urllib3

    from unstale.clients.urllib3 import FreshPoolManager

    kind = FreshPoolManager if is_fresh else urllib3.PoolManager
    with kind(maxsize=connections, timeout=PATIENCE_S) as http:
        yield lambda: http.request("GET", url)


@contextlib.asynccontextmanager
async def httpx_async_client(url: str, is_fresh: bool, connections: int) -> AsyncIterator[SendAsync]:
    import httpx

    from unstale.clients.httpx import AsyncFreshTransport

    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    transport = AsyncFreshTransport(limits=limits) if is_fresh else httpx.AsyncHTTPTransport(limits=limits)
    async with httpx.AsyncClient(transport=transport, timeout=PATIENCE_S) as client:
        yield lambda: client.get(url)


@contextlib.asynccontextmanager
async def aiohttp_client(url: str, is_fresh: bool, connections: int) -> AsyncIterator[SendAsync]:
    import aiohttp

    from unstale.clients.aiohttp import FreshConnector

    kind = FreshConnector if is_fresh else aiohttp.TCPConnector
    async with aiohttp.ClientSession(connector=kind(limit=connections)) as session:

        async def send() -> bytes:
            async with session.get(url) as response:
                return await response.read()

        yield send


THREADED: dict[str, Client] = {
    "httpx": httpx_client,
    "httpx2": httpx2_client,
    "requests": requests_client,
    "urllib3": urllib3_client,
}
TASKED: dict[str, AsyncClient] = {"httpx-async": httpx_async_client, "aiohttp": aiohttp_client}


class Bench:
    """Rounds of one client, plain or fresh: each round sends for `seconds` on all connections."""

    def __init__(self, connections: int, seconds: float) -> None:
        self._connections = connections
        self._seconds = seconds

    def threads(self, send: Send) -> Round:
        """One thread a connection."""
        latencies: list[list[float]] = [[] for _ in range(self._connections)]
        start, cpu = time.perf_counter(), time.process_time()
        end = start + self._seconds

        def work(mine: list[float]) -> None:
            before = time.perf_counter()
            while before < end:
                send()
                after = time.perf_counter()
                mine.append(after - before)
                before = after

        workers = [threading.Thread(target=work, args=(mine,)) for mine in latencies]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return self._round(latencies, start, cpu)

    async def tasks(self, send: SendAsync) -> Round:
        """One task a connection."""
        latencies: list[list[float]] = [[] for _ in range(self._connections)]
        start, cpu = time.perf_counter(), time.process_time()
        end = start + self._seconds

        async def work(mine: list[float]) -> None:
            before = time.perf_counter()
            while before < end:
                await send()
                after = time.perf_counter()
                mine.append(after - before)
                before = after

        await asyncio.gather(*(work(mine) for mine in latencies))
        return self._round(latencies, start, cpu)

    def _round(self, latencies: list[list[float]], start: float, cpu: float) -> Round:
        took_s, cpu_s = time.perf_counter() - start, time.process_time() - cpu
        every = sorted(latency for mine in latencies for latency in mine)
        return Round(
            rate=len(every) / took_s,
            p99_ms=every[min(len(every) - 1, len(every) * 99 // 100)] * 1e3,
            cpu_us=cpu_s / len(every) * 1e6,
        )


def in_threads(client: Client, url: str, bench: Bench, connections: int, rounds: int) -> list[tuple[Round, Round]]:
    """Pairs of a plain and a fresh round; who begins changes from pair to pair. The first pair warms up."""
    with client(url, False, connections) as plain, client(url, True, connections) as fresh:
        pairs = []
        for number in range(rounds + 1):
            if number % 2:
                pairs.append((bench.threads(plain), bench.threads(fresh)))
            else:
                second = bench.threads(fresh)
                pairs.append((bench.threads(plain), second))
        return pairs[1:]


async def in_tasks(
    client: AsyncClient, url: str, bench: Bench, connections: int, rounds: int
) -> list[tuple[Round, Round]]:
    """As `in_threads`."""
    async with client(url, False, connections) as plain, client(url, True, connections) as fresh:
        pairs = []
        for number in range(rounds + 1):
            if number % 2:
                pairs.append((await bench.tasks(plain), await bench.tasks(fresh)))
            else:
                second = await bench.tasks(fresh)
                pairs.append((await bench.tasks(plain), second))
        return pairs[1:]


def measured(name: str, url: str, connections: int, rounds: int, seconds: float) -> Result:
    """One client with so many connections."""
    bench = Bench(connections, seconds)
    if name in THREADED:
        pairs = in_threads(THREADED[name], url, bench, connections, rounds)
    else:
        pairs = asyncio.run(in_tasks(TASKED[name], url, bench, connections, rounds))
    median = statistics.median
    return Result(
        client=name,
        connections=connections,
        plain_rate=median(plain.rate for plain, _ in pairs),
        fresh_rate=median(fresh.rate for _, fresh in pairs),
        ratio=median(fresh.rate / plain.rate for plain, fresh in pairs),
        plain_p99_ms=median(plain.p99_ms for plain, _ in pairs),
        fresh_p99_ms=median(fresh.p99_ms for _, fresh in pairs),
        cpu_ratio=median(plain.cpu_us / fresh.cpu_us for plain, fresh in pairs),
    )


def import_ms(library: str) -> float:
    """Milliseconds that `unstale.clients.LIBRARY` takes on top of its library; median of fresh interpreters."""
    code = f"import {library}, time; t = time.perf_counter(); import unstale.clients.{library}; "
    code += "print(time.perf_counter() - t)"
    with tempfile.TemporaryDirectory() as caches:
        # Without bytecode the import would measure the compiler; a folder of its own works on a read-only tree too.
        env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        env["PYTHONPYCACHEPREFIX"] = caches
        times = [
            float(subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=True).stdout)
            for _ in range(IMPORTS + 1)
        ]
    return statistics.median(times[1:]) * 1e3


def main() -> int:
    names = [*THREADED, *TASKED]
    parser = argparse.ArgumentParser(description="Measure the clients beside the plain libraries.")
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--rounds", type=int, default=13)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return 0
    results = []
    print("client       conn  plain/s  fresh/s  ratio   plain p99  fresh p99   per CPU", flush=True)
    with server() as url:
        for name in options.only or names:
            for connections in CONNECTIONS:
                one = measured(name, url, connections, options.rounds, options.seconds)
                results.append(one)
                print(
                    f"{name:<12} {connections:>4} {one.plain_rate:>8.0f} {one.fresh_rate:>8.0f}  {one.ratio:>5.3f}"
                    f"  {one.plain_p99_ms:>7.2f} ms {one.fresh_p99_ms:>7.2f} ms {one.cpu_ratio:>9.3f}",
                    flush=True,
                )
    imports = {}
    for library in sorted({name.removesuffix("-async") for name in options.only or names}):
        imports[library] = import_ms(library)
        print(f"import of unstale.clients.{library} over {library}: {imports[library]:.1f} ms")
    if options.json is not None:
        options.json.write_text(json.dumps({"clients": [asdict(one) for one in results], "import_ms": imports}))
    is_short = any(one.ratio < LEAST_RATIO for one in results)
    return 1 if is_short or any(ms > MOST_IMPORT_MS for ms in imports.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
