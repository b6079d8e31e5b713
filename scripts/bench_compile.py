#!/usr/bin/env python3
"""Measure compiling: from manifest files to everything that Envoy gets, for 100, 1,000 and 10,000 hosts.

    .venv/bin/python scripts/bench_compile.py [--hosts N].. [--json FILE]

A host is a ServiceEntry with an http and an https port, a VirtualService and a DestinationRule, as teams write them.
Each size runs in a process of its own, for its peak memory. Beside each figure stands what is aimed at and the ratio
of the two. Exits 1 where the time grows faster than the hosts by more than noise explains.

After one change means: the files are read again, and the encoded bytes of all that changed are ready to be sent.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from unstale.envoy.inputs import Setting, compile_sources
from unstale.envoy.resource import Resources
from unstale.sidecar.manifests import read_sources
from unstale.sidecar.xds.encode import Encoder

Result = TypeVar("Result")

SIZES = (100, 1_000, 10_000)
HOSTS_A_FILE = 100
AIMS = {100: (0.3, None, None), 1_000: (0.6, None, None), 10_000: (4.0, 600.0, 0.05)}
"""Seconds from files to configuration, megabytes, seconds after one change."""

MOST_GROWTH = 1.15
"""The exponent of time over hosts that is still called linear: 1 is, and a hundredth is worth 2 % at ten times."""

HOST = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}, namespace: egress}}
spec:
  hosts: [{name}.example.com]
  location: MESH_EXTERNAL
  resolution: DNS
  ports:
  - {{number: 80, name: http, protocol: HTTP}}
  - {{number: 443, name: https, protocol: HTTPS}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {name}, namespace: egress}}
spec:
  hosts: [{name}.example.com]
  http:
  - timeout: {timeout}
    retries: {{attempts: 3, perTryTimeout: 2s, retryOn: "connect-failure,refused-stream,reset-before-request"}}
    route:
    - destination: {{host: {name}.example.com}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: {name}, namespace: egress}}
spec:
  host: {name}.example.com
  trafficPolicy:
    connectionPool:
      tcp: {{connectTimeout: 1s, maxConnectionDuration: 300s}}
      http: {{idleTimeout: 30s}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Times are seconds; `memory_mb` is the peak of the whole process."""

    hosts: int
    read_and_compiled_s: float
    encoded_s: float
    after_change_s: float
    memory_mb: float


def main() -> int:
    """Measure and print; the exit code."""
    options = _options()
    if options.one:
        print(json.dumps(asdict(measure(options.one))))
        return 0
    found = [_in_own_process(hosts) for hosts in options.hosts or SIZES]
    for line in _table(found):
        print(line)
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n")
    return _told_growth(found)


def measure(hosts: int) -> Figures:
    """One size, here."""
    with tempfile.TemporaryDirectory(prefix="unstale-bench-") as name:
        folder = Path(name)
        files = list(_write(folder, hosts))
        encoder = Encoder()
        compiled_s, resources = _timed(lambda: _compiled(folder))
        encoded_s, _ = _timed(partial(encoder.encode, resources))
        del resources
        changed = files[len(files) // 2]
        changed.write_text(changed.read_text().replace("timeout: 15s", "timeout: 16s", 1))
        after_change_s, _ = _timed(lambda: encoder.encode(_compiled(folder)))
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Figures(
        hosts=hosts,
        read_and_compiled_s=compiled_s,
        encoded_s=encoded_s,
        after_change_s=after_change_s,
        memory_mb=peak_kb / 1024,
    )


def _write(folder: Path, hosts: int) -> Iterator[Path]:
    for first in range(0, hosts, HOSTS_A_FILE):
        numbers = range(first, min(first + HOSTS_A_FILE, hosts))
        path = folder / f"hosts-{first:06}.yaml"
        path.write_text("---\n".join(HOST.format(name=f"host-{number:06}", timeout="15s") for number in numbers))
        yield path


def _compiled(folder: Path) -> Resources:
    return compile_sources(read_sources([folder]), Setting()).resources


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def _in_own_process(hosts: int) -> Figures:
    done = subprocess.run(
        [sys.executable, __file__, "--one", str(hosts)], check=True, stdout=subprocess.PIPE, text=True
    )
    return Figures(**json.loads(done.stdout))


def _table(found: list[Figures]) -> Iterator[str]:
    yield f"{'hosts':>7}  {'files to config':>24}  {'encoded':>9}  {'after one change':>26}  {'peak memory':>24}"
    for one in found:
        compiled, memory, change = AIMS.get(one.hosts, (None, None, None))
        yield (
            f"{one.hosts:>7}  {_beside(one.read_and_compiled_s, compiled, 's'):>24}  {one.encoded_s:>7.2f} s  "
            f"{_beside(one.after_change_s, change, 's'):>26}  {_beside(one.memory_mb, memory, 'MB'):>24}"
        )
    yield "In brackets: what is aimed at, and the figure as a multiple of it."


def _beside(figure: float, aim: float | None, unit: str) -> str:
    shown = f"{figure:.0f}" if unit == "MB" else f"{figure:.2f}"
    return f"{shown} {unit}" if aim is None else f"{shown} {unit} ({aim:g} {unit}, {figure / aim:.2f}x)"


def _told_growth(found: list[Figures]) -> int:
    """Of the two largest sizes: the small ones are all start-up."""
    if len(found) < 2:
        return 0
    smaller, larger = sorted(found, key=lambda one: one.hosts)[-2:]
    ratio = larger.read_and_compiled_s / smaller.read_and_compiled_s
    exponent = math.log(ratio) / math.log(larger.hosts / smaller.hosts)
    verdict = "linear" if exponent <= MOST_GROWTH else "faster than the hosts"
    print(f"growth from {smaller.hosts} to {larger.hosts} hosts: hosts^{exponent:.2f}, {verdict}")
    return 0 if exponent <= MOST_GROWTH else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--hosts", type=int, action="append", metavar="N", help="a size; may be given several times")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
