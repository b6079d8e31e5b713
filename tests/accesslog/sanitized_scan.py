"""Feeds mutated lines to a scanner built with sanitizers: `sanitized_scan.py EXTENSION COUNT SEED`, in its own process.

The sanitizers end the process at the first fault, so its exit code is the verdict.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from collections import Counter
from random import Random

EXTENSION, COUNT, SEED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
NAME = "unstale.accesslog._rows"
loader = importlib.machinery.ExtensionFileLoader(NAME, EXTENSION)
spec = importlib.util.spec_from_file_location(NAME, EXTENSION, loader=loader)
assert spec is not None
module = importlib.util.module_from_spec(spec)
loader.exec_module(module)
sys.modules[NAME] = module

from mutated_logs import batch, differences, scanned  # noqa: E402

from unstale.accesslog.options import Options  # noqa: E402
from unstale.accesslog.part_scan import PartScan  # noqa: E402
from unstale.accesslog.result import GroupKey  # noqa: E402


def counted(*parts: list[bytes]) -> dict[GroupKey, int]:
    """Rows by group of scanners that each read a part, of which the first takes over what the others counted."""
    scanners = [PartScan(Options()) for _ in parts]
    for scanner, lines in zip(scanners, parts, strict=True):
        scanner.begin()
        scanner.feed(b"\n".join(lines))
        scanner.finish()
        if scanner is not scanners[0]:
            scanners[0].absorb(scanner)
    found: Counter[GroupKey] = Counter()
    for scanner in scanners:
        found.update({key: count for key, (count, _) in scanner.sums().groups.items()})
    return found


random = Random(SEED)
for _ in range(0, COUNT, 1_000):
    lines = batch(random, 1_000)
    assert not differences(lines), differences(lines)
    assert counted(lines[:300], lines[300:500], lines[500:]) == counted(lines)
    for cut in range(1, 60):
        scanned([lines[cut][: len(lines[cut]) * cut // 60]], is_pure=False)
    addresses = sorted({b"10.0.0.10:40003", b"[::1]:80", b":1"})
    for is_any_place in (False, True):
        finder = module.Filter(addresses, is_any_place)
        finder.feed(b"\n".join(lines))
        for line in lines[:200]:
            finder.feed(line)
print("clean")
