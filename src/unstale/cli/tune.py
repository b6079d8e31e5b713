"""`unstale tune`: try the policy space in the lab, and show what no other policy beats."""

from __future__ import annotations

import json
import re
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unstale.cli.inputs import setting_of, with_release, with_world
from unstale.model.errors import InputError

if TYPE_CHECKING:
    from unstale.lab.order import Order
    from unstale.lab.tune.search import Budget
    from unstale.model.experiment import Cell

_SCENARIOS = ("rotation-sudden", "firewall-rst", "firewall-drop", "runs-then-cuts", "own-503", "one-dead-address")
_UNITS = {"s": 1, "m": 60, "h": 3600}


@click.command("tune")
@with_world
@with_release
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="S",
    default=_SCENARIOS,
    show_default=True,
    help="What to try candidates in; may be given several times.",
)
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="GET|POST",
    default=("GET", "POST"),
    show_default="both",
    help="The method of the requests.",
)
@click.option(
    "--budget",
    default="10m",
    show_default=True,
    metavar="CELLS|TIME",
    help="How many cells to run (240), or for how long (10m, 90s, 1h).",
)
@click.option(
    "--vary",
    "varied",
    multiple=True,
    metavar="VALUE",
    help="What to change: attempts, backoff, methods, connect, idle, age, outliers, avoids. Default: all.",
)
@click.option("--rate", type=click.FloatRange(1, 5000), default=100, show_default=True, help="Requests a second.")
@click.option("--ttl", type=click.IntRange(0, 3600), default=1, show_default=True, help="Time to live in DNS, seconds.")
@click.option("--addresses", type=click.IntRange(1, 64), default=2, show_default=True, help="Addresses of the host.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), help="Cells side by side. Default: as many as the machine can take."
)
@click.option(
    "--recordings",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("recordings"),
    show_default=True,
    help="Where each cell keeps its logs, ledgers and events.",
)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def tune(**options: Any) -> int:
    """Try policies in the lab: the recommended one, each of its values changed alone, then two at a time.

    Shown are failed requests, POSTs executed twice, the worst p99, requests sent again and connections opened; `*`
    marks the candidates that no other one beats by more than the machine's own noise: twice what five runs of the
    recommended policy differ by. The order is always the same, so a larger budget only adds lines.

    Exit codes: 0 the recommended policy is among them, 1 it is not, 2 wrong usage, 3 this machine cannot run the lab.
    """
    from unstale.lab import runner
    from unstale.lab.matrix import Question
    from unstale.lab.tune.search import search
    from unstale.report import tune_text
    from unstale.report.progress import Progress

    question = Question(
        setting=setting_of(options),
        scenarios=options["scenarios"],
        methods=tuple(method.upper() for method in options["methods"]),
        rate=options["rate"],
        ttl_s=options["ttl"],
        addresses=options["addresses"],
        command=shlex.join(["unstale", *sys.argv[1:]]),
    )
    folder = runner.recordings_folder(options["recordings"]) / datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")

    def run(orders: tuple[Order, ...]) -> tuple[Cell, ...]:
        prepared = runner.prepare(orders, folder)
        with Progress(total=len(prepared), quiet=options["quiet"]) as progress:
            return runner.run_all(prepared, jobs=options["jobs"], watcher=progress)

    found = search(question, budget_of(options["budget"]), recordings=folder, run=run, varied=options["varied"])
    if options["output"] == "json":
        click.echo(json.dumps(tune_text.to_json(found), indent=1))
    else:
        click.echo("\n".join(tune_text.table(found)))
    return 0 if found.points[0].is_on_front else 1


def budget_of(text: str) -> Budget:
    """Cells as a number, seconds with a unit. Raises InputError."""
    from unstale.lab.tune.search import Budget

    found = re.fullmatch(r"([0-9]{1,6})([smh]?)", text, re.ASCII)
    if found is None or int(found[1]) == 0:
        raise InputError(f"--budget: neither cells nor a time ({text}). Write 240, 90s, 10m or 1h.")
    if not found[2]:
        return Budget(cells=int(found[1]))
    return Budget(seconds=float(int(found[1]) * _UNITS[found[2]]))


COMMAND = tune
