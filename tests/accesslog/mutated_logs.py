"""Mutated log lines through the compiled scanner and the pure one: the same answers, and no line miscounted.

Run as a script it is the fuzz target: `mutated_logs.py --count 200000 --seed 1`.
"""

from __future__ import annotations

import argparse
import sys
from random import Random

from log_samples import line

from unstale.accesslog.compiled import compiled
from unstale.accesslog.options import Options
from unstale.accesslog.part import Part
from unstale.accesslog.part_scan import PartScan

BATCH = 2_000
_PIECES = (
    b'"',
    b" ",
    b"-",
    b'" "',
    b"HTTP/1.1",
    b'HTTP/1.1" 503 UC ',
    b"{",
    b"}",
    b"\\",
    b'\\"',
    b",",
    b":",
    b"\t",
    b"\r",
)
_MORE = (
    b'" 503 UF via_upstream - "-" 0 95 0 - "',
    b"[2024-09-25T09:00:00.000Z] ",
    b'[2020-01-01T00:00:00.000Z] "GET / HTTP/1.1" 200 - via_upstream - "-" 1 2 3 4 "-" "-" "-" "h" "-" - - - - - -',
    b"\xff",
    b"\xe4\xbd",
    b"\x00",
    b"\x1c",
    "\u00a0".encode(),
    "٣".encode(),
    b"null",
    b"1e3",
    b"-1",
    b"007",
    b"99999999999999999999",
    b'"response_flags":"UH",',
    b'"authority":"x",',
)


def mutated(random: Random, content: bytes) -> bytes:
    """A line with a few accidents: bytes changed, lost, doubled, moved, or texts put in that matter to readers."""
    for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
        at, to = sorted((random.randrange(len(content) + 1), random.randrange(len(content) + 1)))
        kind = random.randrange(8)
        if kind == 0:
            content = content[:at] + bytes((random.randrange(256),)) + content[at + 1 :]
        elif kind == 1:
            content = content[:at] + content[min(to, at + random.randrange(1, 9)) :]
        elif kind == 2:
            content = content[:at]
        elif kind == 3:
            content = content[:to] + content[at:]
        elif kind == 4:
            content = content.replace(b'"', b"'", 1) if random.random() < 0.3 else content[:at] + b'"' + content[at:]
        else:
            content = content[:at] + random.choice(_PIECES if kind < 7 else _MORE) + content[at:]
    return content.replace(b"\n", b"")


def batch(random: Random, count: int) -> list[bytes]:
    """Mutated lines, some of them glued together or with a carriage return."""
    lines = [mutated(random, line(random).encode()) for _ in range(count)]
    for at in range(1, count, 97):
        lines[at] = lines[at - 1][:100] + lines[at]
    return [each + b"\r" if random.random() < 0.01 else each for each in lines]


def scanned(lines: list[bytes], *, is_pure: bool, block_lines: int = 500) -> tuple[Part, Part]:
    """The part of these lines and the sums, fed in blocks."""
    scanner = PartScan(Options(is_pure=is_pure, kept_per_group=5))
    scanner.begin()
    for at in range(0, len(lines), block_lines):
        scanner.feed(b"".join(each + b"\n" for each in lines[at : at + block_lines]))
    return scanner.finish(), scanner.sums()


def differences(lines: list[bytes]) -> list[str]:
    """What the two scanners disagree about, or either of them got wrong by its own rules; empty if all is well."""
    (one, one_sums), (other, other_sums) = scanned(lines, is_pure=False), scanned(lines, is_pure=True)
    found = [
        f"{name}: {getattr(one, name)!r} compiled, {getattr(other, name)!r} pure"
        for name in (
            "total",
            "rows",
            "bad",
            "ambiguous",
            "application",
            "failed",
            "formats",
            "first_unread",
            "app_errors",
        )
        if getattr(one, name) != getattr(other, name)
    ]
    found += _groups(one_sums, other_sums)
    if _addresses(one_sums) != _addresses(other_sums):
        found.append("addresses differ")
    if [(kept.line, kept.key, kept.row) for kept in one.kept] != [
        (kept.line, kept.key, kept.row) for kept in other.kept
    ]:
        found.append("kept rows differ")
    if one.total != len(lines) or one.rows + one.bad != one.total:
        found.append(f"{len(lines)} lines, counted {one.total}: {one.rows} rows and {one.bad} bad")
    if sum(count for count, _ in one_sums.groups.values()) + one.ambiguous != one.rows:
        found.append("rows that are in no group")
    return found


def _groups(one: Part, other: Part) -> list[str]:
    from unstale.accesslog.durations import Durations

    left = {key: (count, Durations(parts).counts) for key, (count, parts) in one.groups.items()}
    right = {key: (count, Durations(parts).counts) for key, (count, parts) in other.groups.items()}
    return [
        f"group {key}: {left.get(key)} compiled, {right.get(key)} pure"
        for key in left.keys() | right.keys()
        if left.get(key) != right.get(key)
    ][:5]


def _addresses(sums: Part) -> dict[str, object]:
    return {
        name: (
            each.successes,
            each.failures,
            each.first_success_s,
            each.last_success_s,
            each.first_failure_s,
            each.last_failure_s,
            sorted(each.users)[:8],
        )
        for name, each in sums.addresses.items()
    }


def main() -> int:
    """Fuzz, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    if compiled() is None:
        print("the compiled scanner was not built; make setup builds it where there is a C compiler", file=sys.stderr)
        return 3
    random = Random(wanted.seed)
    done = 0
    while done < wanted.count:
        lines = batch(random, min(BATCH, wanted.count - done))
        found = differences(lines)
        if found:
            print(f"seed {wanted.seed}, lines from {done}:", *found, sep="\n  ", file=sys.stderr)
            return 1
        done += len(lines)
    print(f"{done} mutated lines: both scanners agree, every line counted once")
    return 0


if __name__ == "__main__":
    sys.exit(main())
