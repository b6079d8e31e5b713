"""`unstale prove`: run scenarios against policies on a real Envoy and say what failed and what ran twice."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unstale.cli.inputs import setting_of, with_release, with_world
from unstale.model.errors import InputError

if TYPE_CHECKING:
    from unstale.lab.matrix import Question
    from unstale.model.experiment import Cell, Experiment


def _names(kind: str) -> Any:
    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
        from unstale.lab import matrix

        known = matrix.scenario_names() if kind == "scenario" else (*matrix.policy_names(), matrix.FILES)
        return [name for name in (*known, "all") if name.startswith(incomplete)]

    return complete


@click.command("prove")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@with_world
@with_release
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="S",
    shell_complete=_names("scenario"),
    help="A scenario; may be given several times. Default: all.",
)
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="P",
    shell_complete=_names("policy"),
    help="A policy; may be given several times. Default: all, or 'files' when FILES are given.",
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
    "--rate",
    type=click.FloatRange(1, 5000),
    default=200,
    show_default=True,
    help="Requests a second in each cell.",
)
@click.option(
    "--connections",
    type=click.IntRange(1, 512),
    default=8,
    show_default=True,
    help="Connections that the application keeps.",
)
@click.option(
    "--duration",
    type=click.FloatRange(1, 3600),
    default=8,
    show_default=True,
    help="Seconds of load in each cell.",
)
@click.option(
    "--ttl",
    type=click.IntRange(0, 3600),
    default=1,
    show_default=True,
    help="Time to live of the DNS answers, seconds.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 600),
    default=10,
    show_default=True,
    help="The application's patience for a request, seconds.",
)
@click.option("--host", help="The host to call, where FILES name several.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port to call, where FILES name several.")
@click.option("--jobs", type=click.IntRange(1, 64), help="Cells side by side. Default: by the number of cores.")
@click.option(
    "--recordings",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("recordings"),
    show_default=True,
    help="Where each cell keeps its logs, ledgers and events.",
)
@click.option(
    "--json",
    "json_out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the result as JSON.",
)
@click.option(
    "--html",
    "html_out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the report, one file that opens offline.",
)
@click.option("--max-failed", type=click.IntRange(0), metavar="N", help="Exit 1 if a cell has more failed requests.")
@click.option(
    "--max-twice",
    type=click.IntRange(0),
    metavar="N",
    help="Exit 1 if a cell has more requests executed twice.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What goes to standard output.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@click.option("--list", "listing", is_flag=True, help="Explain the scenarios and policies, and run nothing.")
def prove(listing: bool, **options: Any) -> int:
    """Reproduce the failure and measure every fix, or the manifests in FILES (files and folders).

    Exit codes: 0 the limits hold, 1 they do not, 2 wrong usage or manifests, 3 this machine cannot run the lab.
    """
    if listing:
        return _list(options["output"])
    question = _question(options)
    experiment = _run(question, options)
    _write(experiment, options)
    return 0 if _limits_hold(experiment.cells, options["max_failed"], options["max_twice"]) else 1


def _question(options: dict[str, Any]) -> Question:
    from unstale.lab.matrix import Question
    from unstale.sidecar.manifests import read_sources

    for option in ("json_out", "html_out"):
        _refuse_missing_folder(options[option])
    return Question(
        files=read_sources(options["files"]) if options["files"] else (),
        setting=setting_of(options),
        scenarios=options["scenarios"],
        policies=options["policies"],
        methods=tuple(method.upper() for method in options["methods"]),
        rate=options["rate"],
        connections=options["connections"],
        duration_s=options["duration"],
        ttl_s=options["ttl"],
        timeout_s=options["timeout"],
        host=options["host"],
        port=options["port"],
        command=shlex.join(["unstale", *sys.argv[1:]]),
    )


def _run(question: Question, options: dict[str, Any]) -> Experiment:
    from unstale.lab import matrix, runner
    from unstale.lab.versions import versions
    from unstale.model.experiment import Experiment
    from unstale.report.progress import Progress

    started = datetime.now(UTC)
    folder = runner.recordings_folder(options["recordings"]) / started.strftime("%Y%m%dT%H%M%SZ")
    orders = matrix.plan(question, folder)
    for warning in matrix.warnings(orders):
        click.echo(warning, err=True)
    orders = runner.prepare(orders, folder)
    begun = time.monotonic()
    with Progress(total=len(orders), quiet=options["quiet"]) as progress:
        cells = runner.run_all(orders, jobs=options["jobs"] or runner.default_jobs(), watcher=progress)
    _warn_of_slowness(cells)
    names = dict.fromkeys(name for cell in cells for name in (cell.scenario, cell.policy))
    return Experiment(
        versions=versions(question.setting.istio),
        parameters=matrix.parameters(question),
        command=question.command,
        started=started.isoformat(timespec="seconds"),
        took_s=time.monotonic() - begun,
        cells=cells,
        texts={name: matrix.explain(name) for name in names},
    )


def _write(experiment: Experiment, options: dict[str, Any]) -> None:
    from unstale.report.json_report import to_json

    if options["json_out"]:
        _write_file(options["json_out"], json.dumps(to_json(experiment), indent=1) + "\n")
    if options["html_out"]:
        from unstale.report.html import to_html

        _write_file(options["html_out"], to_html(experiment))
    if options["output"] == "json":
        click.echo(json.dumps(to_json(experiment), indent=1))
        return
    from rich.console import Console

    from unstale.report.terminal import render

    render(experiment, console=Console())
    for option in ("json_out", "html_out"):
        if options[option]:
            click.echo(f"written: {options[option]}")


def _warn_of_slowness(cells: Sequence[Cell]) -> None:
    from unstale.lab.verdict import TOO_LATE_MS

    late = [cell for cell in cells if cell.late_ms > TOO_LATE_MS]
    if late:
        click.echo(
            f"warning: in {len(late)} of {len(cells)} cells the load was sent late (p99 over {TOO_LATE_MS:g} ms). "
            "This machine is too slow for so many cells side by side: use fewer --jobs or a lower --rate.",
            err=True,
        )


def _limits_hold(cells: Sequence[Cell], max_failed: int | None, max_twice: int | None) -> bool:
    broken = [
        f"{cell.scenario}/{cell.policy}/{cell.method}: {cell.failed} failed, {cell.executed_twice} executed twice"
        for cell in cells
        if (max_failed is not None and cell.failed > max_failed)
        or (max_twice is not None and cell.executed_twice > max_twice)
    ]
    for line in broken:
        click.echo(f"over the limit: {line}", err=True)
    return not broken


def _list(output: str) -> int:
    from unstale.lab import matrix

    scenarios = {name: matrix.explain(name) for name in matrix.scenario_names()}
    policies = {name: matrix.explain(name) for name in (*matrix.policy_names(), matrix.FILES)}
    if output == "json":
        click.echo(json.dumps({"scenarios": scenarios, "policies": policies}, indent=1))
        return 0
    for title, entries in (("Scenarios", scenarios), ("Policies", policies)):
        click.echo(click.style(title, bold=True))
        for name, text in entries.items():
            click.echo(f"\n  {click.style(name, fg='cyan')}")
            click.echo("\n".join(f"    {line}".rstrip() for line in text.splitlines()))
        click.echo()
    return 0


def _refuse_missing_folder(path: Path | None) -> None:
    if path is not None and not path.absolute().parent.is_dir():
        raise InputError(f"{path}: its folder does not exist ({path.parent}). Create it or choose another.")


def _write_file(path: Path, text: str) -> None:
    from unstale.lab.recording import write_text

    write_text(path, text)


COMMAND = prove
