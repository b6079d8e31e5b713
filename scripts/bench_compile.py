#!/usr/bin/env python3
"""Measure compiling: from manifest files to everything that Envoy gets, for 100, 1,000 and 10,000 hosts.

    .venv/bin/python scripts/bench_compile.py [--hosts N].. [--json FILE]

A host is a ServiceEntry with an http and an https port, a VirtualService and a DestinationRule, as teams write them.
Each size runs in a process of its own, for its peak memory. Beside each figure stands what is aimed at and the ratio
of the two. Exits 1 where the time grows faster than the hosts by more than noise explains.

After one change means what `unstale` does when a file is saved: the files are read again, and the encoded bytes of all
that changed are ready to be sent. Each kind of change is made several times, the median counts.
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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import TypeVar

from unstale.envoy.inputs import Session, Setting
from unstale.envoy.resource import Resources
from unstale.model.collector import keep
from unstale.sidecar.local import Localizer
from unstale.sidecar.manifests import read_sources
from unstale.sidecar.xds.encode import Encoder
from unstale.sidecar.xds.snapshot import Snapshot

Result = TypeVar("Result")

SIZES = (100, 1_000, 10_000)
HOSTS_A_FILE = 100
AIMS = {100: (0.3, None, None), 1_000: (0.6, None, None), 10_000: (4.0, 600.0, 0.05)}
"""Seconds from files to configuration, megabytes, seconds after one change."""

MOVED = f"a line more above {HOSTS_A_FILE} hosts"
CHANGES_EACH = 7
"""How often each kind of change is made."""

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

FILTERS = """\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: for-all, namespace: istio-system}
spec:
  configPatches:
  - applyTo: HTTP_FILTER
    match:
      context: SIDECAR_OUTBOUND
      listener:
        filterChain:
          filter: {name: envoy.filters.network.http_connection_manager, subFilter: {name: envoy.filters.http.router}}
    patch:
      operation: INSERT_BEFORE
      value:
        name: envoy.filters.http.header_to_metadata
        typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.header_to_metadata.v3.Config}
  - applyTo: CLUSTER
    match: {context: SIDECAR_OUTBOUND}
    patch:
      operation: MERGE
      value:
        upstream_bind_config:
          socket_options: [{level: 6, name: 18, int_value: 5000, state: STATE_PREBIND}]
"""
"""A filter in every outbound listener and TCP_USER_TIMEOUT on every cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Times are seconds; `changes_s` is by what was changed, `memory_mb` is the peak of the whole process.

    `filtered_changes_s` are the same changes beside EnvoyFilters, empty where these were not measured.
    """

    hosts: int
    read_and_compiled_s: float
    encoded_s: float
    changes_s: Mapping[str, float]
    memory_mb: float
    filtered_changes_s: Mapping[str, float] = field(default_factory=dict)

    @property
    def slowest_change_s(self) -> float:
        """Of those that leave the other objects at their lines."""
        return max(seconds for name, seconds in self.changes_s.items() if name != MOVED)


def main() -> int:
    """Measure and print; the exit code."""
    options = _options()
    if options.one:
        print(json.dumps(asdict(measure(options.one, has_filters=options.filters))))
        return 0
    found = [_in_own_process(hosts) for hosts in options.hosts or SIZES]
    filtered = _in_own_process(found[-1].hosts, "--filters").changes_s
    found[-1] = replace(found[-1], filtered_changes_s=filtered)
    for line in _table(found):
        print(line)
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n")
    return _told_growth(found)


def measure(hosts: int, *, has_filters: bool = False) -> Figures:
    """One size, here; `has_filters` adds EnvoyFilters for all hosts."""
    with tempfile.TemporaryDirectory(prefix="unstale-bench-") as name:
        folder = Path(name)
        files = list(_write(folder, hosts))
        if has_filters:
            (folder / "filters.yaml").write_text(FILTERS)
        path = Compilation(folder)
        compiled_s, resources = _timed(path.compile)
        encoded_s, _ = _timed(partial(path.encode, resources))
        del resources
        keep()
        changes_s = dict(_changes(path, files[len(files) // 2]))
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Figures(
        hosts=hosts,
        read_and_compiled_s=compiled_s,
        encoded_s=encoded_s,
        changes_s=changes_s,
        memory_mb=peak_kb / 1024,
    )


class Compilation:
    """The way from a folder to bytes, as a running sidecar takes it again and again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._session = Session(Setting())
        self._localizer = Localizer(access_log=folder / "access.log")
        self._encoder = Encoder()

    def compile(self) -> Resources:
        """From the files."""
        return self._session.compile(read_sources([self._folder])).resources

    def encode(self, resources: Resources) -> Snapshot:
        """To the bytes that Envoy gets."""
        return self._encoder.encode(self._localizer.localize(resources))

    def run(self) -> Snapshot:
        """All of it."""
        return self.encode(self.compile())


def _changes(path: Compilation, file: Path) -> Iterator[tuple[str, float]]:
    """What a change is called and how long it takes."""
    numbers = count()
    added = file.with_name("added.yaml")
    one_more = HOST.format(name="one-more", timeout="15s")
    edits: dict[str, Callable[[str], str]] = {
        "a VirtualService": lambda text: _with_new_duration(text, "timeout: ", next(numbers)),
        "a DestinationRule": lambda text: _with_new_duration(text, "maxConnectionDuration: ", next(numbers)),
        "a port of a ServiceEntry": lambda text: _with_new_port(text, next(numbers)),
        MOVED: lambda text: f"# {next(numbers)}\n{text}",
    }
    for name, edit in edits.items():
        yield name, median(_edited(path, file, edit) for _ in range(CHANGES_EACH))
    come, gone = [], []
    for _ in range(CHANGES_EACH):
        added.write_text(one_more)
        come.append(_timed(path.run)[0])
        added.unlink()
        gone.append(_timed(path.run)[0])
    yield "a host comes", median(come)
    yield "a host goes", median(gone)


def _edited(path: Compilation, file: Path, edit: Callable[[str], str]) -> float:
    file.write_text(edit(file.read_text()))
    return _timed(path.run)[0]


def _with_new_duration(text: str, field: str, number: int) -> str:
    """The first one in a file is another one now."""
    before, _, after = text.partition(field)
    return f"{before}{field}{100 + number}s{after[after.index('s') + 1 :]}"


def _with_new_port(text: str, number: int) -> str:
    before, _, after = text.partition("name: https, protocol")
    return f"{before[: before.rindex('number: ')]}number: {8443 + number % 2}, name: https, protocol{after}"


def _write(folder: Path, hosts: int) -> Iterator[Path]:
    for first in range(0, hosts, HOSTS_A_FILE):
        numbers = range(first, min(first + HOSTS_A_FILE, hosts))
        path = folder / f"hosts-{first:06}.yaml"
        path.write_text("---\n".join(HOST.format(name=f"host-{number:06}", timeout="15s") for number in numbers))
        yield path


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def _in_own_process(hosts: int, *options: str) -> Figures:
    command = [sys.executable, __file__, "--one", str(hosts), *options]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Figures(**json.loads(done.stdout))


def _table(found: list[Figures]) -> Iterator[str]:
    yield f"{'hosts':>7}  {'files to config':>24}  {'encoded':>9}  {'after one change':>26}  {'peak memory':>24}"
    for one in found:
        compiled, memory, change = AIMS.get(one.hosts, (None, None, None))
        yield (
            f"{one.hosts:>7}  {_beside(one.read_and_compiled_s, compiled, 's'):>24}  {one.encoded_s:>7.2f} s  "
            f"{_beside(one.slowest_change_s, change, 's'):>26}  {_beside(one.memory_mb, memory, 'MB'):>24}"
        )
    yield "In brackets: what is aimed at, and the figure as a multiple of it. Each change for itself, in ms:"
    for one in found:
        yield f"{one.hosts:>7}  {_each(one.changes_s)}"
    for one in found:
        if one.filtered_changes_s:
            yield f"The same beside EnvoyFilters for every listener and every cluster:\n{one.hosts:>7}  " + _each(
                one.filtered_changes_s
            )


def _each(changes_s: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {1000 * seconds:.0f}" for name, seconds in changes_s.items())


def _beside(figure: float, aim: float | None, unit: str) -> str:
    shown = f"{figure:.0f}" if unit == "MB" else f"{figure:.3f}" if figure < 1 else f"{figure:.2f}"
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
    parser.add_argument("--filters", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
