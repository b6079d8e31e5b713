"""Fresh runs of the lab, with parameters nobody chose by hand, diagnosed: does the true cause come first?

`causes` runs every scenario under every policy, with a time to live, rate, number of connections and addresses, lease,
idle time-out and method drawn by the seed for each policy. `alarms` runs calm weather and servers with errors of their
own, where no stale connection may be found. A seed that was looked at once is not unseen any more: take another.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnosing import scanned
from truth import FEW, true_cause

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.diagnose import diagnose
from unstale.diagnosis.finding import Finding
from unstale.lab import catalogue
from unstale.model.errors import MachineError

INNOCENT = ("calm", "own-503")
LIMIT_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One call of `unstale prove`: scenarios under policies, with drawn parameters as its arguments."""

    scenarios: tuple[str, ...]
    policies: tuple[str, ...]
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A cell by its folder's name, its scenario, and what was found in its access log."""

    cell: str
    scenario: str
    findings: tuple[Finding, ...]

    @property
    def truth(self) -> Cause | None:
        """What was done to the host."""
        return true_cause(self.scenario)

    @property
    def is_telling(self) -> bool:
        """Whether so much failed that causes can be told apart."""
        return bool(self.findings) and self.findings[0].count >= FEW

    @property
    def is_right(self) -> bool:
        """Whether the first finding has the true cause first, and calm weather no finding."""
        return self.truth is not None and self.findings[0].top.cause is self.truth


def drawn(dice: random.Random, methods: Sequence[str]) -> tuple[str, ...]:
    """The arguments of one run; times fit the time to live, so that what is to happen does happen."""
    ttl_s = dice.choice((1, 1, 2, 3))
    chosen = {
        "ttl": ttl_s,
        "rate": dice.randint(30, 140),
        "connections": dice.randint(3, 14),
        "addresses": dice.choice((1, 2, 3, 4, 6)),
        "lease": round(ttl_s * dice.uniform(1.6, 3.2), 2),
        "idle": round(dice.uniform(0.9, 1.8), 2),
        "duration": 8 + 4 * ttl_s,
    }
    arguments = [word for name, value in chosen.items() for word in (f"--{name}", str(value))]
    return (*arguments, *(word for method in methods for word in ("--method", method)))


def causes(seed: int, policies: Sequence[str]) -> Iterator[Run]:
    """Every scenario, a run for each policy and method."""
    for policy in policies:
        dice = random.Random(f"{seed}/{policy}")
        names = list(catalogue.scenario_names())
        dice.shuffle(names)
        half = len(names) // 2
        for method, some in (("GET", names[:half]), ("POST", names[half:])):
            fit = tuple(name for name in some if method in catalogue.methods_of(name))
            other = tuple(name for name in some if name not in fit)
            yield Run(scenarios=fit, policies=(policy,), arguments=drawn(dice, (method,)))
            if other:
                yield Run(scenarios=other, policies=(policy,), arguments=drawn(dice, ("POST",)))


def alarms(seed: int, runs: int) -> Iterator[Run]:
    """Calm weather and the server's own errors under all policies, GET and POST, until there are so many cells."""
    cells, number = 0, 0
    while cells < runs:
        dice = random.Random(f"{seed}/alarms/{number}")
        yield Run(scenarios=INNOCENT, policies=catalogue.policy_names(), arguments=drawn(dice, ("GET", "POST")))
        cells, number = cells + len(INNOCENT) * len(catalogue.policy_names()) * 2, number + 1


def seen(run: Run, keep: Path | None = None) -> list[Seen]:
    """The cells of a run, diagnosed from their access logs alone; recordings stay in `keep`.

    Raises MachineError where the lab could not be run.
    """
    names = [word for name in run.scenarios for word in ("--scenario", name)]
    names += [word for name in run.policies for word in ("--policy", name)]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(keep or folder) / str(time.time_ns())
        command = [sys.executable, "-m", "unstale.cli.main", "prove", "-q", "--recordings", str(place)]
        ended = subprocess.run(
            [*command, *names, *run.arguments], capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
        if ended.returncode not in (0, 1):
            raise MachineError(f"unstale prove ended with {ended.returncode}: {ended.stderr.strip()}")
        logs = sorted(place.glob("*/*/access.log"))
        return [_diagnosed(path, run.scenarios) for path in logs]


def _diagnosed(path: Path, scenarios: Sequence[str]) -> Seen:
    cell = path.parent.name
    scenario = max((name for name in scenarios if cell.startswith(f"{name}-")), key=len)
    return Seen(cell=cell, scenario=scenario, findings=diagnose(scanned(path)).findings)


def told_causes(cells: Sequence[Seen]) -> tuple[int, list[str]]:
    """How many cells could be told apart, and the misses in words."""
    telling = [one for one in cells if one.is_telling]
    wrong = [one for one in telling if not one.is_right]
    return len(telling), [f"{one.cell}: {one.truth}, but said {_said(one.findings[0])}" for one in wrong]


def told_alarms(cells: Sequence[Seen]) -> list[str]:
    """The false alarms in words."""
    return [f"{one.cell}: {_said(finding)}" for one in cells for finding in one.findings if finding.is_stale]


def _said(finding: Finding) -> str:
    suspects = ", ".join(f"{one.cause} {one.probability:.2f}" for one in finding.suspects[:3])
    return f"{finding.flag} x{finding.count}: {suspects}"


def main(arguments: list[str]) -> int:
    """Run, diagnose, print every miss and the figure; 1 where there is a miss, 3 where a run could not be made."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", choices=["causes", "alarms"])
    parser.add_argument("--seed", type=int, required=True, help="what the parameters are drawn by")
    parser.add_argument("--policy", action="append", help="only this policy (causes)", choices=catalogue.policy_names())
    parser.add_argument("--runs", type=int, default=50, help="at least so many cells (alarms)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the recordings stay")
    options = parser.parse_args(arguments)
    is_causes = options.what == "causes"
    wanted = causes(options.seed, options.policy or catalogue.policy_names()) if is_causes else None
    cells: list[Seen] = []
    left_out = 0
    for run in wanted or alarms(options.seed, options.runs):
        print(f"{len(run.scenarios)} scenarios, {', '.join(run.policies)}: {' '.join(run.arguments)}", flush=True)
        try:
            found = seen(run, options.keep)
        except MachineError as error:
            print(f"  not run: {error}", flush=True)
            left_out += 1
            continue
        for miss in told_causes(found)[1] if is_causes else told_alarms(found):
            print(f"  {miss}", flush=True)
        cells += found
    if not is_causes:
        false = told_alarms(cells)
        print(f"{len(cells)} runs with nothing stale in them, seed {options.seed}: {len(false)} false alarms")
        return 1 if false else 3 if left_out else 0
    telling, misses = told_causes(cells)
    few = sum(bool(one.findings) and not one.is_telling for one in cells)
    print(
        f"{len(cells)} cells, seed {options.seed}: the true cause came first in {telling - len(misses)} of {telling}; "
        f"in {few} fewer than {FEW} lines failed, in {sum(not one.findings for one in cells)} none"
    )
    return 1 if misses else 3 if left_out else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
