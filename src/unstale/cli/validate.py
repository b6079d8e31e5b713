"""`unstale validate`: what the API server and Istio's webhook would say to these manifests, without a cluster."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unstale.model.errors import InputError

if TYPE_CHECKING:
    from unstale.istio.judgement import Judgement, Judgements
    from unstale.istio.source import Source
    from unstale.model.problem import Problem

_STANDARD_INPUT = Path("-")
_COLOURS = {"accepted": "green", "warned": "yellow", "rejected": "red", "warning": "yellow", "error": "red"}


@click.command("validate")
@click.argument("files", nargs=-1, required=True, metavar="FILE..", type=click.Path(path_type=Path))
@click.option("--istio", metavar="VERSION", help="The release of Istio, 1.24 to 1.32. Default: the newest.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What goes to standard output.",
)
def validate(files: tuple[Path, ...], istio: str | None, output: str) -> int:
    """Say of each object whether Istio accepts it, warns of it or rejects it, and why.

    FILES are YAML or JSON, folders of such files, or - for standard input. Kinds other than those of Istio's networking
    API are only counted.

    Exit codes: 0 nothing is rejected, 1 an object is, 2 wrong usage or an input that cannot be read.
    """
    from unstale.envoy.envoy_filter.value_faults import value_faults
    from unstale.istio.judgement import Verdict, judge
    from unstale.istio.schema import NEWEST

    gc.disable()  # Everything lives until the end, and the collector would look through it again and again.
    found = judge(_sources(files), istio=istio or NEWEST, check_value=value_faults)
    if output == "json":
        click.echo(_to_json(found))
    else:
        click.echo(_to_text(found), nl=False)
    return 1 if found.counts[Verdict.REJECTED] else 0


def _sources(paths: Sequence[Path]) -> tuple[Source, ...]:
    from unstale.sidecar.manifests import read_sources

    sources = [
        (_standard_input(),) if path == _STANDARD_INPUT else read_sources([path]) for path in dict.fromkeys(paths)
    ]
    return tuple({source.name: source for group in sources for source in group}.values())


def _standard_input() -> Source:
    from unstale.istio.source import Source

    try:
        return Source(name="-", text=sys.stdin.buffer.read().decode())
    except UnicodeDecodeError as error:
        raise InputError(f"-: not UTF-8 text (byte {error.start}). Send it as UTF-8.") from error


def _to_json(found: Judgements) -> str:
    """One object a line."""
    objects = ",\n".join(
        json.dumps(
            {
                "file": one.file,
                "document": one.document,
                "kind": one.kind,
                "namespace": one.namespace,
                "name": one.name,
                "verdict": one.verdict.value,
                "messages": [_message(problem) for problem in one.problems],
            }
        )
        for one in found.objects
    )
    return f'{{"objects": [\n{objects}\n], "skipped": {json.dumps(found.skipped)}}}'


def _message(problem: Problem) -> dict[str, Any]:
    return {
        "line": problem.origin.line,
        "column": problem.origin.column,
        "severity": problem.severity.value,
        "message": _told(problem),
    }


def _to_text(found: Judgements) -> str:
    """Grouped by file: what is accepted in one line, the rest with its messages."""
    lines: list[str] = []
    for file, group in groupby(found.objects, key=lambda one: one.file):
        lines.append(click.style(file, bold=True))
        for one in group:
            lines.append(f"  {_coloured(one.verdict.value, width=8)}  {_name(one)}")
            lines.extend(f"    {_placed(problem)}" for problem in one.problems)
        lines.append("")
    lines.append(_summary(found))
    return "\n".join(lines) + "\n"


def _name(one: Judgement) -> str:
    if one.kind is None:
        return f"document {one.document}"
    return f"{one.kind} {one.namespace}/{one.name or '?'}" if one.namespace else one.kind


def _summary(found: Judgements) -> str:
    counts = ", ".join(f"{count} {_coloured(verdict.value)}" for verdict, count in found.counts.items() if count)
    total = len(found.objects)
    skipped = ", ".join(f"{count} {kind}" for kind, count in sorted(found.skipped.items()))
    return (
        f"{total} {'object' if total == 1 else 'objects'}"
        + (f": {counts}." if counts else ".")
        + (f" Skipped: {skipped}." if skipped else "")
    )


def _placed(problem: Problem) -> str:
    return f"{problem.origin.line}:{problem.origin.column}: {_coloured(problem.severity.value)}: {_told(problem)}"


def _told(problem: Problem) -> str:
    return f"{problem.what}." + (f" {problem.allowed}" if problem.allowed else "")


def _coloured(word: str, *, width: int = 0) -> str:
    return click.style(word.ljust(width), fg=_COLOURS[word])


COMMAND = validate
