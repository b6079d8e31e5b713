"""`unstale fix`: the manifests or the patch that end the failure."""

from __future__ import annotations

import gc
import json
import shlex
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unstale.cli.fix_facts import facts_of, with_answers, with_facts
from unstale.cli.inputs import setting_of, with_manifests, with_release, with_world
from unstale.model.errors import InputError

if TYPE_CHECKING:
    from unstale.istio.source import Source

_FORMS = ["recommended", "mesh", "ambient", "gateway-api", "egress-gateway"]


@click.command("fix")
@with_manifests
@click.option("--host", metavar="H", help="The host. With manifests: only what concerns it.")
@click.option(
    "--from",
    "diagnosis",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="What `unstale diagnose -o json` printed: the hosts and causes to fix.",
)
@with_facts
@click.option("--dns", "ask_dns", is_flag=True, help="Ask DNS for the time to live and the addresses of --host.")
@click.option(
    "--resolver",
    "resolvers",
    multiple=True,
    metavar="ADDRESS[:PORT]",
    help="Whom to ask; the host's own authority gives the whole time to live, a cache what is left of it.",
)
@with_world
@with_release
@click.option("--form", type=click.Choice(_FORMS), default=_FORMS[0], show_default=True, help="Which manifests.")
@click.option("--select", "codes", multiple=True, metavar="CODE", help="Only this pitfall; may be given several times.")
@click.option("--write", is_flag=True, help="Repair the files in place.")
@click.option("--diff", "show_diff", is_flag=True, help="Print what changes, and write nothing.")
@click.option("--prove", "prove_it", is_flag=True, help="Run before and after in the lab, and show both.")
@click.option(
    "--scenario", "scenarios", multiple=True, metavar="S", help="What to prove it in. Default: what the remedies name."
)
@click.option(
    "--recordings",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("recordings"),
    show_default=True,
    help="Where the proof keeps its logs and ledgers.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["yaml", "json"]),
    default="yaml",
    show_default=True,
    help="The manifests' form.",
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but the manifests.")
@click.option("--list", "listing", is_flag=True, help="Explain all remedies, and do nothing.")
def fix(listing: bool, **options: Any) -> int:
    """Print the manifests that end a host's failure, or repair the manifests in PATH.

    Without manifests the whole policy for --host is printed, ready for `kubectl apply -f -`. With manifests every
    pitfall that `unstale lint` finds is ended by the smallest change; comments and order stay.

    Exit codes: 0 nothing is left, 1 something is left to do by hand or the proof fails, 2 wrong usage or manifests, 3
    this machine cannot prove it.
    """
    if listing:
        from unstale.remedy.registry import remedies
        from unstale.report import fix_text

        click.echo("\n".join(fix_text.listing(remedies().values())).rstrip())
        return 0
    hosts, is_all = _hosts(options)
    if options["ask_dns"] and (options["files"] or options["more_files"]):
        raise InputError("--dns: answers are for one host, manifests are for many. Give --ttl and --addresses.")
    if options["files"] or options["more_files"]:
        return _repair(options, hosts)
    if options["write"] or options["show_diff"]:
        raise InputError("-f: no manifests to repair. Give files or folders, as in -f manifests/.")
    if not hosts and is_all:
        raise InputError("--host: missing. Give a host, a diagnosis (--from FILE) or manifests (-f PATH).")
    return _print_whole(options, hosts) if hosts else 1


def _hosts(options: dict[str, Any]) -> tuple[tuple[str, ...], bool]:
    """Whom to fix, and whether that is for lack of a diagnosis."""
    if options["host"]:
        from unstale.cli.fix_facts import refuse_host

        refuse_host(options["host"])
    if options["diagnosis"] is None:
        return ((options["host"],) if options["host"] else ()), True
    from unstale.remedy.advice import advice_of, hosts_to_fix
    from unstale.report import fix_text
    from unstale.sidecar.manifests import read_source

    source = read_source(options["diagnosis"])
    try:
        value = json.loads(source.text)
    except ValueError as error:
        raise InputError(f"{source.name}: no JSON ({error}). Give what `unstale diagnose -o json` printed.") from error
    found = tuple(one for one in advice_of(value, name=source.name) if options["host"] in (None, one.host))
    _tell(options, fix_text.advice(found))
    return hosts_to_fix(found), False


def _print_whole(options: dict[str, Any], hosts: tuple[str, ...]) -> int:
    from unstale.istio.source import Source
    from unstale.remedy.forms import in_form, proof_of
    from unstale.remedy.recommended import RecommendedPolicy
    from unstale.report import fix_text

    known = facts_of(options)
    if options["ask_dns"]:
        known = with_answers(known, hosts, options["resolvers"])
    each = [in_form(options["form"], known(host)) for host in hosts]
    policy = RecommendedPolicy(manifests=tuple(manifest for one in each for manifest in one.manifests))
    click.echo(policy.json if options["output"] == "json" else policy.yaml, nl=False)
    _tell(options, [f"{', '.join(hosts)}: {options['form']} manifests, {proof_of(options['form'])}"])
    if any(one.mesh for one in each):
        _tell(options, [fix_text.MESH_TOO])
    if not options["prove_it"]:
        return 0
    if options["form"] != _FORMS[0]:
        raise InputError(f"--prove: the lab runs sidecars, not the form {options['form']}. Use --form recommended.")
    sources = (Source(name="recommended.yaml", text=policy.yaml),)
    return _prove(options, None, sources, (), host=hosts[0])


def _repair(options: dict[str, Any], hosts: tuple[str, ...]) -> int:
    from unstale.cli.manifest_files import read_as_written, write_over
    from unstale.istio.mesh_file import load_mesh
    from unstale.remedy.fix import fix as fix_sources
    from unstale.report import fix_text

    gc.disable()  # Everything lives until the end; with thousands of objects the collector would take as long again.
    setting = setting_of(options)
    before = read_as_written((*options["files"], *options["more_files"]))
    fixed = fix_sources(
        before,
        known=facts_of(options)(""),
        mesh=load_mesh(setting.mesh) if setting.mesh else None,
        only_hosts=hosts,
        codes=[code.upper() for code in options["codes"]],
    )
    if options["show_diff"]:
        text = fix_text.diff(before, fixed.sources)
        click.echo(fix_text.coloured(text) if text else "", nl=False)
    elif options["write"]:
        write_over(before, fixed.sources)
    else:
        click.echo(_whole(fixed.sources, options["output"]), nl=False)
    _tell(options, fix_text.summary(fixed))
    status = 1 if fixed.left else 0
    gc.enable()
    if options["prove_it"]:
        named = [name for step in fixed.steps if step.remedy for name in step.remedy.scenarios]
        status = max(status, _prove(options, before, fixed.sources, named, host=options["host"]))
    return status


def _whole(sources: Iterable[Source], output: str) -> str:
    from unstale.remedy.writing import as_json, joined

    return as_json(sources) if output == "json" else joined(sources)


def _prove(
    options: dict[str, Any],
    before: tuple[Source, ...] | None,
    after: tuple[Source, ...],
    named: Iterable[str],
    *,
    host: str | None,
) -> int:
    from unstale.lab import proof, runner
    from unstale.report import fix_text
    from unstale.report.progress import Progress

    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = runner.recordings_folder(options["recordings"]) / stamp
    orders = proof.orders_of(
        before,
        after,
        scenarios=options["scenarios"] or proof.proving(named),
        setting=setting_of(options),
        recordings=folder,
        host=host,
        command=shlex.join(["unstale", *sys.argv[1:]]),
    )
    orders = runner.prepare(orders, folder)
    with Progress(total=len(orders), quiet=options["quiet"]) as progress:
        cells = runner.run_all(orders, jobs=None, watcher=progress)
    found = proof.pairs(cells)
    click.echo("\n".join(fix_text.proof(found)), err=True)
    return 1 if any(pair.is_worse for pair in found) else 0


def _tell(options: dict[str, Any], lines: Iterable[str]) -> None:
    """To standard error, so that standard output can be piped to kubectl."""
    if not options["quiet"]:
        for line in lines:
            click.echo(line, err=True)


COMMAND = fix
