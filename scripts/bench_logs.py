"""Reads large access logs and prints how fast, how exactly and in how much memory, beside what is aimed at.

Every measurement is a process of its own, its wall time from start to end of the scan. Other programs that read such
logs run on the same file in the same minute, since megabytes a second say more about a machine than about a program.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zstandard
from access_log_files import Made, make

from unstale.accesslog.compiled import compiled
from unstale.accesslog.options import Options
from unstale.accesslog.scan import scan

MIB = 1 << 20
# On one core of a current server, in MB/s.
AIMS = {"text": 900, "mixed": 800, "json": 1500, "gz": 500, "zst": 500, "pure": 120}
PEAK_MB = 300
LNAV_TIMES, GOACCESS_TIMES, CORES_TIMES = 15, 40, 1.5
LNAV_FORMAT = {
    "istio_access": {
        "title": "Istio access log",
        "regex": {
            "std": {
                "pattern": r"^\[(?<timestamp>[^\]]+)\] \"(?<method>\S+) (?<path>.*?) (?<protocol>\S+)\" (?<status>\d+) "
                r"(?<flags>\S+) (?<details>\S+) (?<ctd>\S+) \"(?<reason>[^\"]*)\" (?<received>\d+) (?<sent>\d+) "
                r"(?<duration>\d+) (?<service>\S+) \"(?<xff>[^\"]*)\" \"(?<agent>[^\"]*)\" \"(?<id>[^\"]*)\" "
                r"\"(?<authority>[^\"]*)\" \"(?<upstream>[^\"]*)\" (?<cluster>\S+) (?<body>.*)$"
            }
        },
        "value": {
            "status": {"kind": "integer"},
            "duration": {"kind": "integer"},
            "authority": {"kind": "string"},
            "cluster": {"kind": "string"},
            "flags": {"kind": "string"},
            "details": {"kind": "string"},
        },
        "sample": [
            {
                "line": '[2024-09-25T09:00:00.000Z] "GET / HTTP/1.1" 200 - via_upstream - "-" 0 1 2 3 "-" "-" "-" "h" '
                '"1.2.3.4:80" outbound|80||h 10.0.0.1:1 10.0.0.2:80 10.0.0.3:5 - default'
            }
        ],
    }
}
GOACCESS_FORMAT = '[%dT%t.%^Z] "%m %U %H" %s %^ %^ %^ "%^" %^ %b %L %^ "%^" "%u" "%^" "%v" "%^" %^ %^ %^ %h:%^ %^ %^'


def child(arguments: list[str], *, stdin: int | None = None) -> dict[str, Any]:
    """One scan in a process of its own, pinned to as many cores as it may use."""
    command = [sys.executable, __file__, "--one", *arguments]
    done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def one(path: str, workers: int, is_pure: bool, is_traced: bool) -> None:
    """Scan, and print what was found and what it took."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:workers])
    start = time.perf_counter()
    first: list[float] = []
    options = Options(
        workers=workers,
        is_pure=is_pure,
        is_traced=is_traced,
        progress=lambda _: first.append(time.perf_counter() - start) if not first else None,
    )
    found = scan([path], options)
    digest = found.digest
    json.dump(
        {
            "seconds": time.perf_counter() - start,
            "first": first[0] if first else 0,
            "rows": found.lines.rows,
            "bad": found.lines.bad,
            "groups": len(found.groups),
            "server_errors": sum(each.row.status >= 500 for each in found.failures),
            "digest": digest,
            "peak_mb": peak_mb(),
        },
        sys.stdout,
    )


def peak_mb() -> float:
    """The most memory that this process held; ru_maxrss would count its parent's as well."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


class Bench:
    """Measures and prints, and remembers whether everything was right and as aimed at."""

    def __init__(self, made: Made, repeats: int) -> None:
        self.made = made
        self.repeats = repeats
        self.is_right = True
        self.missed: list[str] = []

    def measure(
        self, name: str, path: Path, size: int, *, bad: int, aim: float, workers: int = 1, pure: bool = False
    ) -> float:
        """MB/s of the best of some runs; prints a line and checks every count."""
        arguments = [str(path), "--workers", str(workers), *(["--pure"] if pure else [])]
        runs = [child(arguments) for _ in range(self.repeats)]
        best = min(runs, key=lambda run: run["seconds"])
        speed = size / 1e6 / best["seconds"]
        wrong = self._wrong(best, bad)
        verdict = "exact" if not wrong else f"WRONG: {wrong}"
        self.is_right = self.is_right and not wrong
        peak = max(run["peak_mb"] for run in runs)
        self.aim(f"{name} {aim:.0f} MB/s", speed >= aim)
        self.aim(f"{name} peak {PEAK_MB} MB", peak <= PEAK_MB)
        print(
            f"{name:<24}{speed:>8.0f} MB/s   aim {aim:>5.0f}   peak {peak:>4.0f} MB   "
            f"first after {best['first']:.2f} s   {verdict}"
        )
        return float(speed)

    def _wrong(self, run: dict[str, Any], bad: int) -> str:
        digest, groups = self.made.truth.digest()
        truth = {
            "rows": self.made.truth.rows,
            "bad": bad,
            "groups": groups,
            "server_errors": self.made.truth.server_errors,
            "digest": digest,
        }
        return ", ".join(f"{name} {run[name]} not {value}" for name, value in truth.items() if run[name] != value)

    def aim(self, name: str, is_met: bool) -> None:
        """Remember an aim that was missed."""
        if not is_met:
            self.missed.append(name)

    def ratio(self, name: str, speed: float, other: float, aim: float) -> None:
        """Print how many times as fast as another one."""
        self.aim(f"{name} {aim} times", speed >= aim * other)
        print(f"{name:<24}{other:>8.0f} MB/s   {speed / other:.1f} times, aim {aim}")


def timed(command: list[str], size: int, **environment: str) -> float:
    """MB/s of another program."""
    start = time.perf_counter()
    subprocess.run(
        command,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        env=os.environ | environment,
    )
    return size / 1e6 / (time.perf_counter() - start)


def lnav(path: Path, folder: Path) -> float:
    """lnav groups by the same key; its format is put into a home of its own."""
    formats = folder / "home" / ".config" / "lnav" / "formats" / "istio"
    formats.mkdir(parents=True, exist_ok=True)
    (formats / "istio.json").write_text(json.dumps(LNAV_FORMAT))
    result = folder / "lnav.csv"
    query = (
        ";SELECT authority, cluster, flags, details, status, substr(log_time, 1, 16) AS minute, count(*), "
        "max(duration) FROM istio_access GROUP BY authority, cluster, flags, details, status, minute"
    )
    command = ["taskset", "-c", first_core(), "lnav", "-n", "-c", query, "-c", f":write-csv-to {result}", str(path)]
    home = str(folder / "home")
    speed = timed(command, path.stat().st_size, HOME=home, XDG_CONFIG_HOME=f"{home}/.config")
    if not result.exists() or result.stat().st_size < 1000:
        raise SystemExit(f"lnav gave no groups ({' '.join(command)}). Its version may want another format file.")
    return speed


def goaccess(path: Path, folder: Path) -> float:
    """goaccess makes its report, which cannot group by this key but reads every line."""
    command = [
        "taskset",
        "-c",
        first_core(),
        "goaccess",
        str(path),
        f"--log-format={GOACCESS_FORMAT}",
        "--date-format=%Y-%m-%d",
        "--time-format=%H:%M:%S",
        "--no-global-config",
        "--no-progress",
        "-o",
        str(folder / "goaccess.json"),
    ]
    speed = timed(command, path.stat().st_size)
    general = json.loads((folder / "goaccess.json").read_text())["general"]
    print(f"{'':<24}goaccess took {general['valid_requests']} lines, and could not read {general['failed_requests']}")
    return speed


def first_core() -> str:
    """The core that measurements of one core use."""
    return str(min(os.sched_getaffinity(0)))


def peers(bench: Bench, speed: float, folder: Path) -> None:
    """The other programs, each in its own fastest way, on the same text file and the same core."""
    print(
        f"{'':<24}the others on the same file and core. lnav: its own format, one query by the same groups with the "
        "longest duration (it has no quantiles).\n"
        f"{'':<24}goaccess: every line read by its log format into its usual report as JSON, which has no such groups."
    )
    known: list[tuple[str, Callable[[Path, Path], float], float]] = [
        ("lnav", lnav, LNAV_TIMES),
        ("goaccess", goaccess, GOACCESS_TIMES),
    ]
    for name, run, aim in known:
        if shutil.which(name) is None:
            print(f"{name:<24}not installed here (Debian: apt-get install {name})")
        else:
            bench.ratio(name, speed, run(bench.made.text, folder), aim)


def second_pass(path: Path, size: int, repeats: int) -> None:
    """What it costs to look up the history of the connections that failed, on top of the first pass."""
    best = [
        min(child([str(path), "--workers", "1", *more])["seconds"] for _ in range(repeats))
        for more in ([], ["--traced"])
    ]
    more = best[1] - best[0]
    print(
        f"{'second pass, text':<24}{size / 1e6 / best[1]:>8.0f} MB/s both passes; the second takes {more:.2f} s, "
        f"{more / best[0]:.0%} of the first"
    )


def files(folder: Path, size: int) -> tuple[Made, tuple[Path, Path]]:
    """The files of this size, made unless an earlier run has left them in the folder."""
    note = folder / f"made-{size}.pickle"
    if note.exists():
        found: tuple[Made, tuple[Path, Path]] = pickle.loads(note.read_bytes())
        return found
    folder.mkdir(parents=True, exist_ok=True)
    made = make(folder, size)
    packed = compress(made.text)
    note.write_bytes(pickle.dumps((made, packed)))
    return made, packed


def compress(path: Path) -> tuple[Path, Path]:
    """The file as gz and as zst, at the compressors' usual levels."""
    packed = path.with_suffix(".log.gz"), path.with_suffix(".log.zst")
    with path.open("rb") as source, gzip.open(packed[0], "wb", compresslevel=6) as target:
        shutil.copyfileobj(source, target, MIB)
    with path.open("rb") as source, packed[1].open("wb") as target_file:
        zstandard.ZstdCompressor(level=3).copy_stream(source, target_file)
    return packed


def stream(path: Path, size: int, gib: float) -> None:
    """So many GiB of the file again and again through standard input."""
    times = max(1, round(gib * 1024 * MIB / size))
    with subprocess.Popen(
        ["sh", "-c", f'i=0; while [ $i -lt {times} ]; do cat "$0"; i=$((i+1)); done', str(path)], stdout=subprocess.PIPE
    ) as source:
        assert source.stdout is not None
        found = child(["-", "--workers", "1"], stdin=source.stdout.fileno())
    name = f"stream of {times * size / 1e9:.1f} GB"
    speed = times * size / 1e6 / found["seconds"]
    print(f"{name:<24}{speed:>8.0f} MB/s   peak {found['peak_mb']:.0f} MB   {found['rows']} rows")


def main() -> int:
    """0 where all counts were exact, 1 where one was not; missed aims are printed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024, help="size of the text file (default 1024)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each, of which the best counts (default 3)")
    parser.add_argument(
        "--stream-gib", type=float, default=10, help="size of the stream from standard input (default 10)"
    )
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--pure", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--traced", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help="where the files are made, and left for the next run")
    wanted = parser.parse_args()
    if wanted.one:
        one(wanted.one, wanted.workers, wanted.pure, wanted.traced)
        return 0
    if compiled() is None:
        print("the compiled scanner was not built; only pure Python is measured")
    with tempfile.TemporaryDirectory(prefix="bench-logs-") as name:
        return run(wanted.folder or Path(name), wanted.mib * MIB, wanted.repeats, wanted.stream_gib)


def run(folder: Path, size: int, repeats: int, stream_gib: float) -> int:
    """All measurements."""
    made, packed = files(folder, size)
    text_size = made.text.stat().st_size
    _, groups = made.truth.digest()
    print(
        f"{text_size / 1e6:.0f} MB of text, {made.truth.rows} rows, {groups} groups; "
        f"{len(os.sched_getaffinity(0))} cores"
    )
    bench = Bench(made, repeats)
    speed = 0.0
    if compiled() is not None:
        speed = bench.measure("text", made.text, text_size, bad=0, aim=AIMS["text"])
        bench.measure("mixed text", made.mixed, made.mixed.stat().st_size, bad=made.mixed_bad, aim=AIMS["mixed"])
        bench.measure("JSON", made.json, made.json.stat().st_size, bad=0, aim=AIMS["json"])
        for kind, path in zip(("gz", "zst"), packed, strict=True):
            bench.measure(kind, path, text_size, bad=0, aim=AIMS[kind])
        second_pass(made.text, text_size, repeats)
        if len(os.sched_getaffinity(0)) > 1:
            two = bench.measure(
                "text, two cores", made.text, text_size, bad=0, aim=CORES_TIMES * AIMS["text"], workers=2
            )
            bench.aim(f"two cores {CORES_TIMES} times one", two >= CORES_TIMES * speed)
            print(f"{'':<24}{two / speed:>8.2f} times one core, aim {CORES_TIMES}")
        peers(bench, speed, folder)
    bench.measure("text, pure Python", made.text, text_size, bad=0, aim=AIMS["pure"], pure=True)
    if stream_gib:
        stream(made.text, text_size, stream_gib)
    print("every count exact" if bench.is_right else "counts are WRONG", end="")
    print(f"; aims missed: {', '.join(bench.missed)}" if bench.missed else "; every aim met")
    return 0 if bench.is_right else 1


if __name__ == "__main__":
    sys.exit(main())
