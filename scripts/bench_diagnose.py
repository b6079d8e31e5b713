"""How often the diagnosis names the cause of a report: the confusion table, over cases whose cause is known.

    python scripts/bench_diagnose.py [CASES]

CASES is a file of JSON lines (`id`, `log` (lines), `app_error`, `cause_class`, `confidence`) or a folder with one
folder a cause of log files; by default the project's own. What is counted is the cause that `unstale diagnose` puts
first for the first finding, and whether the true one is among its first three. Cases of confidence `plausible` count
half. Exits 1 where the aims are missed, 2 where CASES cannot be read."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from unstale.accesslog.scan import scan
from unstale.diagnosis.background import Background
from unstale.diagnosis.cause import Cause
from unstale.diagnosis.diagnose import diagnose
from unstale.diagnosis.dns_history import read_dns_history
from unstale.diagnosis.envoy_state import with_stats

OWN = Path(__file__).resolve().parent.parent / "tests" / "diagnosis" / "rules"
FIRST_AIM, THREE_AIM = 0.85, 0.95
_NONE = "nothing found"
_HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A case whose cause is known; `weight` is 1, or a half where the cause is only plausible."""

    name: str
    text: str
    cause: str
    weight: float = 1.0
    dns: str = ""
    stats: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the diagnosis said of a case: the causes of the first finding, the likeliest first."""

    known: Known
    said: tuple[tuple[str, float], ...]

    @property
    def first(self) -> str:
        """The cause that was put first."""
        return self.said[0][0] if self.said else _NONE

    @property
    def is_first(self) -> bool:
        """Whether that is the true one."""
        return self.first == self.known.cause

    @property
    def is_among_three(self) -> bool:
        """Whether the true cause is among the first three."""
        return self.known.cause in [cause for cause, _ in self.said[:3]]


def read_cases(path: Path) -> Iterator[Known]:
    """The cases of a file or folder."""
    if path.is_dir():
        yield from _folder(path)
        return
    for line in path.read_text("utf-8").splitlines():
        value = json.loads(line) if line.strip() else {}
        if "cause_class" in value:
            texts = [*value["log"], *([value["app_error"]] if value.get("app_error") else [])]
            yield Known(
                name=value["id"],
                text="\n".join(texts) + "\n",
                cause=value["cause_class"],
                weight=_HALF if value.get("confidence") == "plausible" else 1.0,
            )


def judge(known: Known, folder: Path) -> Judged:
    """Diagnose one case, by the way that the command takes: a file that is scanned."""
    file = folder / "case.log"
    file.write_text(known.text, "utf-8")
    found = scan([str(file)])
    dns = read_dns_history(known.dns, source="dns", begin_s=found.first_s) if known.dns else None
    clusters = with_stats({}, known.stats, source="stats") if known.stats else None
    findings = diagnose(found, Background(dns=dns, clusters=clusters)).findings
    said = [(one.cause.value, one.probability) for one in findings[0].suspects] if findings else []
    return Judged(known=known, said=tuple(said))


def judge_all(path: Path) -> list[Judged]:
    """Every case of a file or folder."""
    with tempfile.TemporaryDirectory() as folder:
        return [judge(known, Path(folder)) for known in read_cases(path)]


def shares(judged: list[Judged]) -> tuple[float, float]:
    """The weighted share of cases whose cause came first, and among the first three."""
    total = sum(one.known.weight for one in judged) or 1.0
    first = sum(one.known.weight for one in judged if one.is_first)
    three = sum(one.known.weight for one in judged if one.is_among_three)
    return first / total, three / total


def table(judged: list[Judged]) -> str:
    """The confusion table: a row a true cause, a column a cause that was put first, numbered as the rows."""
    counts = Counter((one.known.cause, one.first) for one in judged)
    names = [cause.value for cause in Cause if any(cause.value in pair for pair in counts)]
    names += [_NONE] if any(first == _NONE for _, first in counts) else []
    width = max(map(len, names), default=0)
    lines = [f"{'true cause':{width + 3}}  " + " ".join(f"{number:3d}" for number in range(1, len(names) + 1))]
    for number, name in enumerate(names, 1):
        cells = [counts[name, other] for other in names]
        shown = " ".join(f"{cell or '.':>3}" for cell in cells)
        lines.append(f"{number:2d} {name:{width}}  {shown}")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Judge, print, and say whether the aims are met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("cases", nargs="?", type=Path, default=OWN, help="JSON lines, or a folder of folders of logs")
    parser.add_argument("--misses", action="store_true", help="print every case whose cause did not come first")
    options = parser.parse_args(arguments)
    try:
        judged = judge_all(options.cases)
    except (OSError, ValueError, KeyError) as error:
        print(f"{options.cases}: cannot be read as cases ({error}). Give JSON lines or a folder.", file=sys.stderr)
        return 2
    print(table(judged))
    if options.misses:
        for one in judged:
            if not one.is_first:
                said = ", ".join(f"{cause} {probability:.2f}" for cause, probability in one.said[:4]) or _NONE
                print(f"\n{one.known.name}: {one.known.cause}, but said {said}", end="")
        print()
    first, three = shares(judged)
    print(
        f"\n{len(judged)} cases: the cause came first in {first:.1%} (aim {FIRST_AIM:.0%}), "
        f"among the first three in {three:.1%} (aim {THREE_AIM:.0%})"
    )
    return 0 if first >= FIRST_AIM and three >= THREE_AIM else 1


def _folder(path: Path) -> Iterator[Known]:
    for file in sorted(path.glob("*/fires-*.log")):
        beside = {kind: file.with_name(f"{file.stem}.{kind}") for kind in ("dns.jsonl", "stats")}
        yield Known(
            name=f"{file.parent.name}/{file.stem}",
            text=file.read_text("utf-8"),
            cause=file.parent.name,
            dns=beside["dns.jsonl"].read_text() if beside["dns.jsonl"].exists() else "",
            stats=beside["stats"].read_text() if beside["stats"].exists() else "",
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
