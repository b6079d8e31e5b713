#!/usr/bin/env python3
"""Measure `unstale lint`: one file from start to end, and 30,000 objects, loading included.

    .venv/bin/python scripts/bench_lint.py [--json FILE]

A host is a ServiceEntry with an http and an https port, a VirtualService and a DestinationRule, as teams write them;
there are three objects a host. Every figure is that of the whole command in a process of its own, the best of three.
Exits 1 where one is above what is aimed at.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_compile import HOST

_AIMS_S = {1: 0.3, 10_000: 9.5}
"""By hosts; 9.5 s is what istioctl analyze (1.32 development) takes for as many objects on two cores."""

_HOSTS_A_FILE = 100
_RUNS = 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    target = parser.parse_args().json
    figures = {hosts: _measure(hosts) for hosts in _AIMS_S}
    for hosts, seconds in figures.items():
        aim = _AIMS_S[hosts]
        print(f"{3 * hosts:>6} objects: {seconds:6.2f} s   aim {aim:g} s   {seconds / aim:.2f} of it")
    if target:
        target.write_text(json.dumps({str(3 * hosts): seconds for hosts, seconds in figures.items()}, indent=1))
    return 1 if any(seconds > _AIMS_S[hosts] for hosts, seconds in figures.items()) else 0


def _measure(hosts: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        for first in range(0, hosts, _HOSTS_A_FILE):
            names = range(first, min(hosts, first + _HOSTS_A_FILE))
            text = "---\n".join(HOST.format(name=f"host-{number}", timeout="5s") for number in names)
            Path(folder, f"hosts-{first}.yaml").write_text(text, "utf-8")
        return min(_run(folder) for _ in range(_RUNS))


def _run(folder: str) -> float:
    started = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", "unstale.cli.main", "lint", "-o", "json", folder], capture_output=True, text=True
    )
    seconds = time.monotonic() - started
    if ended.returncode not in (0, 1):
        raise SystemExit(ended.stderr)
    return seconds


if __name__ == "__main__":
    sys.exit(main())
