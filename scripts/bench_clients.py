#!/usr/bin/env python3
"""Measure the clients: requests a second and p99 of each adapter beside the plain library, in the same run.

    .venv/bin/python scripts/bench_clients.py [--only NAME].. [--rounds N] [--json FILE]

One server in a process of its own answers over loopback, on a processor of its own where there are two: a client that
the scheduler puts beside it now and then would measure the scheduler. Each round is plain, fresh, fresh, plain, so that
what drifts meets both, and gives one ratio; the median of the ratios counts, and the middle half of them stands beside
it. The garbage of a slice is collected before the next. The ratio of processor time a request is the same figure
without what else the machine does. The import of an adapter is measured over that of its library. Exits 1 where a ratio
is below 0.97, a p99 more than a tenth longer, or an import above 20 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from measured_clients import TASKED, THREADED, AsyncClient, Client, Send, SendAsync

LEAST_RATIO = 0.97
MOST_IMPORT_MS = 20.0
MOST_P99_RATIO = 1.1
# By the number of connections, how long a slice of a round is: a hundred threads take turns of 5 ms each, so a slice
# has to hold several turns of all of them.
SLICE_S = {1: 0.12, 100: 0.5}
IMPORTS = 15
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n" + b'{"amount": 1}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one client did in one round."""

    rate: float
    p99_ms: float
    cpu_us: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Medians over the rounds; the ratios are of fresh over plain within one round, but that of processor time.

    `low` and `high` bound the middle half of the rounds' ratios. `cpu_ratio` is plain over fresh.
    """

    client: str
    connections: int
    plain_rate: float
    fresh_rate: float
    ratio: float
    low: float
    high: float
    plain_p99_ms: float
    fresh_p99_ms: float
    p99_ratio: float
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

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

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
def on_a_processor_of_its_own() -> Iterator[None]:
    """The client on the first processor; the server took the last (`serve`). Nothing where there is only one."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Bench:
    """Slices of one client, plain or fresh: each sends for `seconds` on all connections."""

    def __init__(self, connections: int, seconds: float) -> None:
        self._connections = connections
        self._seconds = seconds

    def threads(self, send: Send) -> Round:
        """One thread a connection."""
        latencies: list[list[float]] = [[] for _ in range(self._connections)]
        gc.collect()
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
        gc.collect()
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
    """Pairs of plain and fresh, from rounds of plain, fresh, fresh, plain. The first round warms up."""
    with client(url, False, connections) as plain, client(url, True, connections) as fresh:
        slices = [[bench.threads(send) for send in (plain, fresh, fresh, plain)] for _ in range(rounds + 1)]
    return [pair_of(*one) for one in slices[1:]]


async def in_tasks(
    client: AsyncClient, url: str, bench: Bench, connections: int, rounds: int
) -> list[tuple[Round, Round]]:
    """As `in_threads`."""
    async with client(url, False, connections) as plain, client(url, True, connections) as fresh:
        slices = [[await bench.tasks(send) for send in (plain, fresh, fresh, plain)] for _ in range(rounds + 1)]
    return [pair_of(*one) for one in slices[1:]]


def pair_of(first: Round, second: Round, third: Round, fourth: Round) -> tuple[Round, Round]:
    """One round's plain and fresh, from the order in which they were measured."""
    return mean_of(first, fourth), mean_of(second, third)


def mean_of(one: Round, other: Round) -> Round:
    return Round(
        rate=(one.rate + other.rate) / 2,
        p99_ms=(one.p99_ms + other.p99_ms) / 2,
        cpu_us=(one.cpu_us + other.cpu_us) / 2,
    )


def measured(name: str, url: str, connections: int, rounds: int) -> Result:
    """One client with so many connections."""
    bench = Bench(connections, SLICE_S[connections])
    if name in THREADED:
        pairs = in_threads(THREADED[name], url, bench, connections, rounds)
    else:
        pairs = asyncio.run(in_tasks(TASKED[name], url, bench, connections, rounds))
    median = statistics.median
    low, middle, high = statistics.quantiles((fresh.rate / plain.rate for plain, fresh in pairs), n=4)
    return Result(
        client=name,
        connections=connections,
        plain_rate=median(plain.rate for plain, _ in pairs),
        fresh_rate=median(fresh.rate for _, fresh in pairs),
        ratio=middle,
        low=low,
        high=high,
        plain_p99_ms=median(plain.p99_ms for plain, _ in pairs),
        fresh_p99_ms=median(fresh.p99_ms for _, fresh in pairs),
        p99_ratio=median(fresh.p99_ms / plain.p99_ms for plain, fresh in pairs),
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
    parser.add_argument("--rounds", type=int, default=11, help="of four slices each, after one that warms up")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return 0
    if options.rounds < 2:
        parser.error(f"argument --rounds: is too small ({options.rounds}). Give 2 or more.")
    results = []
    print(
        "client       conn  plain/s  fresh/s  ratio (middle half)   plain p99   fresh p99  ratio  per CPU", flush=True
    )
    with server() as url, on_a_processor_of_its_own():
        for name in options.only or names:
            for connections in SLICE_S:
                one = measured(name, url, connections, options.rounds)
                results.append(one)
                print(
                    f"{name:<12} {connections:>4} {one.plain_rate:>8.0f} {one.fresh_rate:>8.0f}  {one.ratio:>5.3f}"
                    f" ({one.low:.3f}-{one.high:.3f})  {one.plain_p99_ms:>7.2f} ms  {one.fresh_p99_ms:>7.2f} ms"
                    f"  {one.p99_ratio:>5.2f}  {one.cpu_ratio:>7.3f}",
                    flush=True,
                )
    imports = {}
    for library in sorted({name.removesuffix("-async") for name in options.only or names}):
        imports[library] = import_ms(library)
        print(f"import of unstale.clients.{library} over {library}: {imports[library]:.1f} ms")
    if options.json is not None:
        options.json.write_text(json.dumps({"clients": [asdict(one) for one in results], "import_ms": imports}))
    missed = [
        f"{one.client} {one.connections}"
        for one in results
        if one.ratio < LEAST_RATIO or one.p99_ratio > MOST_P99_RATIO
    ]
    missed += [f"import of {library}" for library, ms in imports.items() if ms > MOST_IMPORT_MS]
    print(f"missed: {', '.join(missed)}" if missed else "every ratio, p99 and import holds")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
