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
from unstale.cli.prove_options import with_options
from unstale.model.errors import InputError

if TYPE_CHECKING:
    from unstale.lab.matrix import Question
    from unstale.model.experiment import Cell, Experiment

_STANDARD_OUTPUT = Path("-")


@click.command("prove")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@with_world
@with_release
@with_options
def prove(listing: bool, **options: Any) -> int:
    """Reproduce the failure and measure every fix, or the manifests in FILES (files and folders).

    Exit codes: 0 the limits hold and all counts agree, 1 they do not, 2 wrong usage or manifests, 3 this machine cannot
    run the lab.
    """
    if options["json_out"] == _STANDARD_OUTPUT:
        options |= {"json_out": None, "output": "json"}
    if listing:
        return _list(options["output"])
    question = _question(options)
    experiment = _run(question, options)
    _write(experiment, options)
    return 0 if _holds(experiment.cells, options) else 1


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
        addresses=options["addresses"],
        lease_s=options["lease"],
        idle_s=options["idle"],
        distance_ms=options["distance"],
        workload=options["workload"],
        apps=options["apps"],
        tls=options["tls"],
        repeat=options["repeat"],
        command=shlex.join(["unstale", *sys.argv[1:]]),
    )


def _run(question: Question, options: dict[str, Any]) -> Experiment:
    from unstale.lab import catalogue, matrix, runner
    from unstale.lab.repeats import joined
    from unstale.lab.versions import versions
    from unstale.model.experiment import Experiment
    from unstale.report.progress import Progress

    started = datetime.now(UTC)
    folder = runner.recordings_folder(options["recordings"]) / started.strftime("%Y%m%dT%H%M%SZ")
    orders = matrix.plan(question, folder)
    left_out = matrix.left_out_on_loopback(orders) if options["loopback"] else {}
    orders = tuple(order for order in orders if order.scenario not in left_out)
    for warning in matrix.warnings(orders):
        click.echo(warning, err=True)
    orders = runner.prepare(orders, folder, is_loopback=options["loopback"])
    begun = time.monotonic()
    with Progress(total=len(orders), quiet=options["quiet"]) as progress:
        cells = runner.run_all(orders, jobs=options["jobs"], watcher=progress, is_loopback=options["loopback"])
    _warn_of_slowness(cells)
    cells = joined(orders, cells)
    texts = {name: catalogue.explain(name) for cell in cells for name in (cell.scenario, cell.policy)}
    texts |= {name: catalogue.explain_app(name) for name in question.apps}
    return Experiment(
        versions=versions(question.setting.istio),
        parameters=matrix.parameters(question),
        command=question.command,
        started=started.isoformat(timespec="seconds"),
        took_s=time.monotonic() - begun,
        cells=cells,
        texts=texts,
        manifests=matrix.manifests(orders),
        left_out=left_out,
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


def _holds(cells: Sequence[Cell], options: dict[str, Any]) -> bool:
    """Whether every limit that was given holds, and no cell contradicts itself; tells what does not."""
    max_failed, max_twice = options["max_failed"], options["max_twice"]
    told = []
    for cell in cells:
        name = "/".join((cell.scenario, cell.policy, cell.method, *([cell.app] if options["apps"] else [])))
        told += [f"counts disagree: {name}: {words}" for words in cell.disagreements]
        if (max_failed is not None and cell.failed > max_failed) or (
            max_twice is not None and cell.executed_twice > max_twice
        ):
            told.append(f"over the limit: {name}: {cell.failed} failed, {cell.executed_twice} executed twice")
        missed = dict.fromkeys(run.expectation for run in cell.runs) or {cell.expectation: None}
        if options["as_expected"]:
            told += [f"not as expected: {name}: {words}" for words in missed if words not in ("", "met")]
    for line in told:
        click.echo(line, err=True)
    return not told


def _list(output: str) -> int:
    from unstale.lab import catalogue

    groups = {
        "scenarios": {name: catalogue.explain(name) for name in catalogue.scenario_names()},
        "policies": {name: catalogue.explain(name) for name in (*catalogue.policy_names(), catalogue.FILES)},
        "apps": {name: catalogue.explain_app(name) for name in catalogue.app_names()},
        "workloads": {name: catalogue.explain_workload(name) for name in catalogue.workload_names()},
    }
    if output == "json":
        click.echo(json.dumps(groups, indent=1))
        return 0
    for title, entries in groups.items():
        click.echo(click.style(title.capitalize(), bold=True))
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
