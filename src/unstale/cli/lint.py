"""`unstale lint`: pitfalls of manifests before they strike, each with why, what the lab measured, and the fix."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import unstale
from unstale.cli.inputs import with_manifests, with_release, with_world
from unstale.model.errors import InputError, MachineError, ManifestError

if TYPE_CHECKING:
    from unstale.envoy.proxy import Proxy
    from unstale.istio.source import Source
    from unstale.istio.validation.envoy_filter import ValueFault
    from unstale.lint.finding import LintResult

_STANDARD_INPUT = Path("-")
_SEVERITIES = ("E", "W", "I")
_LOOK_MS = 500


@click.command("lint")
@with_manifests
@with_world
@with_release
@click.option("--select", multiple=True, metavar="CODES", help="Only these codes or beginnings of codes: UNS1,UNS401.")
@click.option("--ignore", multiple=True, metavar="CODES", help="All but these codes or beginnings of codes.")
@click.option("--dns", "asks_dns", is_flag=True, help="Ask DNS for the hosts, for the rules that need its answer.")
@click.option(
    "--resolver",
    "resolvers",
    multiple=True,
    metavar="ADDRESS",
    help="Whom to ask; several are compared. Implies --dns.",
)
@click.option(
    "--fail-on",
    type=click.Choice(_SEVERITIES),
    default="W",
    show_default=True,
    help="The mildest severity that makes the exit code 1.",
)
@click.option("--watch", is_flag=True, help="Judge again whenever a file changes.")
@click.option("--lsp", is_flag=True, help="Serve an editor on standard input and output (language server protocol).")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    show_default=True,
    help="What goes to standard output.",
)
def lint(lsp: bool, watch: bool, **options: Any) -> int:
    """Tell every pitfall of the manifests at its line, with why it hurts and what to write instead.

    Manifests are files, folders of files, or - for standard input. A comment behind a value or above a line or object
    switches a finding off: # unstale: ignore=UNS104 the server knows the idempotency key.

    Exit codes: 0 nothing at or above --fail-on, 1 something was found, 2 wrong usage or an input that cannot be read.
    """
    if lsp:
        return _serve(options)
    gc.disable()  # Everything lives until the end, and the collector would look through it again and again.
    if watch:
        return _watch(options)
    return _told(_judge(options), options)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """`sources` are the manifests that were read."""

    result: LintResult
    sources: tuple[Source, ...]
    templates: tuple[str, ...]
    no_objects: int


def _judge(options: Mapping[str, Any]) -> _Judged:
    from unstale.istio.mesh_file import load_mesh
    from unstale.istio.schema import NEWEST
    from unstale.lint.dns_names import dns_names
    from unstale.lint.ignores import ignores_in
    from unstale.lint.linter import lint as lint_manifests
    from unstale.lint.reading import mesh_tree, read
    from unstale.sidecar.manifests import read_source

    istio, sources = options["istio"] or NEWEST, _sources(options)
    mesh = read_source(options["mesh"]) if options["mesh"] else None
    reading = read(sources, istio=istio, check_value=_value_faults)
    answers = None
    if options["asks_dns"] or options["resolvers"]:
        from unstale.cli.lint_dns import ask

        answers = ask(dns_names(reading.manifests), options["resolvers"])
    result = lint_manifests(
        reading.manifests,
        mesh=load_mesh(mesh) if mesh else None,
        proxy=_proxy(options["proxy"]) if options["proxy"] else None,
        istio=istio,
        dns=answers,
        surroundings=reading.surroundings,
        mesh_tree=mesh_tree(mesh) if mesh else None,
        ignores=ignores_in(sources),
        select=_codes("--select", options["select"]),
        ignore=_codes("--ignore", options["ignore"]),
    )
    texts = (*sources, *([mesh] if mesh else []))
    return _Judged(result=result, sources=texts, templates=reading.templates, no_objects=reading.no_objects)


def _value_faults(apply_to: str, value: Mapping[str, Any]) -> Iterable[ValueFault]:
    """Envoy's types are read only where there is an EnvoyFilter: most manifests have none, and it takes a while."""
    from unstale.envoy.envoy_filter.value_faults import value_faults

    return value_faults(apply_to, value)


def _proxy(path: Path) -> Proxy:
    from unstale.envoy.inputs import proxy_of
    from unstale.istio.proxy_file import load_proxy
    from unstale.sidecar.manifests import read_source

    return proxy_of(load_proxy(read_source(path)))


def _told(judged: _Judged, options: Mapping[str, Any]) -> int:
    from unstale.lint.finding import Severity

    for name in judged.templates:
        click.echo(f"not all judged: {name} has placeholders. Render it first, as with: helm template", err=True)
    click.echo(_report(judged, options["output"]), nl=False)
    worst = _SEVERITIES[: _SEVERITIES.index(options["fail_on"]) + 1]
    return 1 if any(finding.severity in {Severity(one) for one in worst} for finding in judged.result.findings) else 0


def _report(judged: _Judged, output: str) -> str:
    if output == "json":
        from unstale.report.lint_json import lint_json

        return lint_json(judged.result) + "\n"
    if output == "github":
        from unstale.report.lint_json import lint_github

        return lint_github(judged.result)
    if output == "sarif":
        from unstale.lint.registry import rules
        from unstale.report.lint_sarif import lint_sarif

        return lint_sarif(judged.result, rules(), version=unstale.__version__) + "\n"
    from unstale.report.lint_text import lint_text

    return lint_text(judged.result, {source.name: source.text for source in judged.sources})


def _codes(option: str, written: tuple[str, ...]) -> tuple[str, ...]:
    """Codes apart by commas. Raises InputError for one that no rule begins with."""
    from unstale.lint.registry import rules

    codes = tuple(code.strip().upper() for text in written for code in text.split(",") if code.strip())
    for code in codes:
        if not any(known.startswith(code) for known in rules()):
            raise InputError(
                f"{option}: no rule begins so ({code}). Codes are {', '.join(list(rules())[:3])} and so on."
            )
    return codes


def _sources(options: Mapping[str, Any]) -> tuple[Source, ...]:
    from unstale.istio.source import Source
    from unstale.sidecar.manifests import read_sources

    paths = dict.fromkeys((*options["files"], *options["more_files"]))
    if not paths:
        raise InputError("lint: no manifests. Give files or folders, as in unstale lint manifests/.")
    found: dict[str, Source] = {}
    for path in paths:
        if path == _STANDARD_INPUT:
            try:
                sources: tuple[Source, ...] = (Source(name="-", text=sys.stdin.buffer.read().decode()),)
            except UnicodeDecodeError as error:
                raise InputError(f"-: not UTF-8 text (byte {error.start}). Send it as UTF-8.") from error
        else:
            sources = read_sources([path])
        found.update((source.name, source) for source in sources)
    return tuple(found.values())


def _watch(options: Mapping[str, Any]) -> int:
    """Until it is interrupted; the exit code is that of the last time.

    Whether something has changed is asked of the files: a change between judging and the start of watching counts too.
    """
    try:
        from watchfiles import watch
    except ModuleNotFoundError as error:
        raise MachineError("this machine: watchfiles is not installed. Install 'unstale[lab]' for --watch.") from error
    from unstale.sidecar.manifests import look

    paths = [path for path in (*options["files"], *options["more_files"]) if path != _STANDARD_INPUT]
    seen, status = look(paths), _once(options)
    for _ in watch(*paths, rust_timeout=_LOOK_MS, yield_on_timeout=True, raise_interrupt=False):
        now = look(paths)
        if now != seen:
            click.clear()
            seen, status = now, _once(options)
            gc.collect()
    return status


def _once(options: Mapping[str, Any]) -> int:
    try:
        return _told(_judge(options), options)
    except (InputError, ManifestError) as error:
        click.echo(str(error), err=True)
        return 2


def _serve(options: Mapping[str, Any]) -> int:
    from unstale.cli.inputs import setting_of

    try:
        from unstale.cli.lint_server import serve
    except ModuleNotFoundError as error:
        raise MachineError(f"this machine: {error.name} is not installed. Install 'unstale[lsp]' for --lsp.") from error
    serve(setting_of(options), _codes("--select", options["select"]), _codes("--ignore", options["ignore"]))
    return 0


COMMAND = lint
