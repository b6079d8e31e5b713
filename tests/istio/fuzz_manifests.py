"""Fuzzing of everything that reads manifests: whatever the text, a message or acceptance, and never for long.

    python tests/istio/fuzz_manifests.py [--count 100000] [--seed 1]

Prints what failed with the seed that repeats it, and the slowest text; exits 1 if anything failed. Most texts are
real ones with a few signs, lines or values changed; first come those that are made to take long.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hostile_manifests import HOSTILE
from manifest_mutations import mutated

from unstale.envoy.envoy_filter.value_faults import value_faults
from unstale.istio.judgement import Judgements, judge
from unstale.istio.load import load
from unstale.istio.mesh_file import load_mesh
from unstale.istio.proxy_file import load_proxy
from unstale.istio.source import Source
from unstale.model.errors import ManifestError

LONGEST_S = 1.0
_SETTINGS_EVERY = 5
_BREAKS = "\n\r\x85\u2028\u2029"


@dataclass(slots=True)
class Tally:
    """What happened so far."""

    texts: int = 0
    accepted: int = 0
    rejected: int = 0
    slowest_s: float = 0.0
    slowest: str = ""


def check(text: str) -> Judgements:
    """Read a text in every way; raises AssertionError where what is told makes no sense."""
    source = Source(name="fuzzed.yaml", text=text)
    judged = judge([source], check_value=value_faults)
    last_line = sum(text.count(sign) for sign in _BREAKS) + 1
    for one in judged.objects:
        for problem in one.problems:
            origin = problem.origin
            assert 1 <= origin.line <= last_line and origin.column >= 1, f"{origin} is outside of the text"
            str(problem).encode(errors="surrogatepass")
    return judged


def check_settings(text: str) -> None:
    """The same text as manifests of one run, as a mesh and as a pod: ManifestError or success."""
    source = Source(name="fuzzed.yaml", text=text)
    readers: tuple[Callable[[], object], ...] = (
        lambda: load([source], check_value=value_faults),
        lambda: load_mesh(source),
        lambda: load_proxy(source),
    )
    for read in readers:
        try:
            read()
        except ManifestError as error:
            assert error.problems


def texts(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """A name that repeats it, and the text."""
    for name, make in HOSTILE.items():
        yield name, make()
    for number in range(count):
        name = f"--seed {seed + number} --count 1"
        yield name, mutated(random.Random(seed + number))


def main() -> int:
    """Run until all are read or one fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    gc.disable()
    tally, failed = Tally(), 0
    for name, text in texts(options.count, options.seed):
        failed += not _passes(name, text, tally)
        if tally.texts % 1000 == 0:
            gc.collect()
    print(
        f"{tally.texts} texts: {tally.accepted} accepted, {tally.rejected} rejected, {failed} failed; "
        f"slowest {tally.slowest_s:.2f} s ({tally.slowest})"
    )
    return 1 if failed else 0


def _passes(name: str, text: str, tally: Tally) -> bool:
    tally.texts += 1
    begun = time.process_time()
    try:
        judged = check(text)
        took = time.process_time() - begun
        if tally.texts % _SETTINGS_EVERY == 0 or name in HOSTILE:
            check_settings(text)
    except Exception as error:  # That nothing but ManifestError is raised is what is tested.
        print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
        return False
    is_rejected = any(one.verdict == "rejected" for one in judged.objects)
    tally.rejected += is_rejected
    tally.accepted += not is_rejected
    if took > tally.slowest_s:
        tally.slowest_s, tally.slowest = took, name
    if took > LONGEST_S:
        print(f"{name}: took {took:.2f} s", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
