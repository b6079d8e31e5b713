"""Record one small cell for each scenario and policy into tests/recordings: what diagnosis is tested on.

Few requests, so that every line of the sidecar's log fits; everything else is as `unstale prove` runs it. Recordings of
scenarios and policies that are no more are deleted.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import click

from unstale.lab import catalogue, matrix, runner
from unstale.lab.matrix import Question
from unstale.lab.publication import LARGEST_BYTES, publish
from unstale.model.errors import UnstaleError
from unstale.report.progress import Progress

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "recordings"
MOST_REQUESTS, CONNECTIONS, JOBS = 64, 4, 12
POSTS = ("runs-then-cuts", "own-503")
"""Scenarios that say more with POST."""


@click.command()
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), default=FOLDER, help="Where they go.")
@click.argument("scenarios", nargs=-1)
def main(to: Path, scenarios: tuple[str, ...]) -> None:
    """Record SCENARIOS, all of them by default."""
    try:
        sys.exit(record(to, scenarios))
    except UnstaleError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(3)


def record(to: Path, scenarios: tuple[str, ...]) -> int:
    """The exit code: 1 where a recording came out too large."""
    names = scenarios or catalogue.scenario_names()
    with tempfile.TemporaryDirectory() as scratch:
        question = Question(scenarios=names, connections=CONNECTIONS, command="make recordings")
        orders = [
            replace(order, pace=replace(order.pace, rate=MOST_REQUESTS / order.pace.duration_s))
            for order in matrix.plan(question, Path(scratch))
            if order.method == _method(order.scenario)
        ]
        ready = runner.prepare(orders, Path(scratch))
        with Progress(total=len(ready)) as progress:
            cells = runner.run_all(ready, jobs=JOBS, watcher=progress)
        written = [path for cell in cells for path in publish(cell, to / cell.scenario / cell.policy)]
    if not scenarios:
        _delete_orphans(to)
    large = [path for path in written if path.stat().st_size > LARGEST_BYTES]
    for path in large:
        print(f"{path}: too large ({path.stat().st_size} bytes). Allowed: {LARGEST_BYTES}.", file=sys.stderr)
    print(f"{len(cells)} recordings, {sum(path.stat().st_size for path in written) // 1024} KiB in {to}")
    return 1 if large else 0


def _method(scenario: str) -> str:
    allowed = catalogue.methods_of(scenario)
    return "POST" if scenario in POSTS or "GET" not in allowed else "GET"


def _delete_orphans(to: Path) -> None:
    for folder in to.glob("*/*"):
        if folder.parent.name not in catalogue.scenario_names() or folder.name not in catalogue.policy_names():
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
