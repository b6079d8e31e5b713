"""`unstale diagnose`: from raw logs to the named cause, with the evidence for and against it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unstale.model.errors import InputError

if TYPE_CHECKING:
    from unstale.accesslog.result import Scan
    from unstale.diagnosis.background import Background, ClusterState, DnsAnswer
    from unstale.diagnosis.finding import Diagnosis

_FILE = click.Path(path_type=Path, dir_okay=False)
_STYLES: dict[str, dict[str, Any]] = {
    "head": {"bold": True},
    "cause": {"fg": "yellow", "bold": True},
    "dim": {"dim": True},
    "good": {"fg": "green"},
    "bad": {"fg": "red"},
}


@click.command("diagnose")
@click.argument("logs", nargs=-1, required=True, metavar="LOG...")
@click.option(
    "-f",
    "--filename",
    "manifests",
    multiple=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Manifests (file or folder) that say which hosts the mesh knows; may be given several times.",
)
@click.option("--dns", is_flag=True, help="Look the failing hosts up now and compare the addresses.")
@click.option("--dns-history", type=_FILE, metavar="FILE", help="Recorded DNS answers, one JSON object a line.")
@click.option("--stats", type=_FILE, metavar="FILE", help="Envoy's /stats, saved as text, JSON or Prometheus metrics.")
@click.option("--clusters", type=_FILE, metavar="FILE", help="Envoy's /clusters, saved as text or JSON.")
@click.option("--config-dump", type=_FILE, metavar="FILE", help="Envoy's /config_dump or istioctl proxy-config all.")
@click.option(
    "--log-format",
    "formats",
    multiple=True,
    metavar="FORMAT",
    help="The access log's format string, or a file that sets it.",
)
@click.option("--mesh-config", type=_FILE, metavar="FILE", help="MeshConfig or Telemetry with the log's format.")
@click.option("--on", "where", metavar="ray[://ADDRESS]", help="Scan on Ray instead of on this machine alone.")
@click.option("--html", "html_out", type=_FILE, metavar="FILE", help="Write the report, one file that opens offline.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What goes to standard output.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def diagnose(logs: tuple[str, ...], **options: Any) -> int:
    """Say why requests failed: LOG are access logs and application logs, files, folders, .gz, .zst, or - for stdin.

    Exit codes: 0 nothing failed, 1 something did, 2 wrong usage or input, 3 this machine cannot do it.
    """
    from unstale.diagnosis.diagnose import diagnose as find_causes

    background = _evidence_files(options)
    scan = _scan(logs, options)
    if options["output"] == "text":
        _tell_of_lines(scan)
    found = find_causes(scan, background(scan))
    if options["html_out"]:
        _write_html(options["html_out"], found)
    _print(found, options)
    return 1 if found.findings else 0


def _scan(logs: tuple[str, ...], options: dict[str, Any]) -> Scan:
    from unstale.accesslog.options import Options
    from unstale.accesslog.scan import scan
    from unstale.report.scan_progress import ScanProgress

    progress = None if options["quiet"] or not sys.stderr.isatty() else ScanProgress(sys.stderr)
    try:
        return scan(logs, Options(formats=_formats(options), progress=progress), on=options["where"] or "")
    finally:
        if progress is not None:
            progress.done()


def _formats(options: dict[str, Any]) -> tuple[Any, ...]:
    from unstale.accesslog.log_format import own_formats

    sources = [*options["formats"], *([str(options["mesh_config"])] if options["mesh_config"] else [])]
    return tuple(found for source in sources for found in own_formats(source))


def _evidence_files(options: dict[str, Any]) -> Callable[[Scan], Background]:
    """Read what was given beside the logs before the scan, so that a wrong file is told at once."""
    from unstale.diagnosis.background import Background, DeclaredHost
    from unstale.diagnosis.declared import declared_hosts
    from unstale.diagnosis.dns_history import read_dns_history
    from unstale.istio.load import load
    from unstale.sidecar.manifests import read_source, read_sources

    declared: tuple[DeclaredHost, ...] | None = None
    if options["manifests"]:
        declared = declared_hosts(load(read_sources(options["manifests"])))
    history = read_source(options["dns_history"]) if options["dns_history"] else None
    if history is not None:
        read_dns_history(history.text, source=history.name, begin_s=None)
    clusters = _clusters(options)

    def background(scan: Scan) -> Background:
        answers: list[DnsAnswer] = []
        if history is not None:
            answers += read_dns_history(history.text, source=history.name, begin_s=_begin(scan))
        if options["dns"]:
            answers += _look_up(scan)
        is_known = history is not None or options["dns"]
        return Background(dns=tuple(answers) if is_known else None, clusters=clusters, declared=declared)

    return background


def _begin(scan: Scan) -> float | None:
    """The time of the first request; the scan itself knows only its minute."""
    from unstale.diagnosis.case import first_use_s

    return first_use_s(scan.addresses) or scan.first_s


def _clusters(options: dict[str, Any]) -> dict[str, ClusterState] | None:
    from unstale.comparison.config_dump import read_config_dump
    from unstale.diagnosis.envoy_state import with_clusters, with_configuration, with_stats
    from unstale.sidecar.manifests import read_source

    if not (options["stats"] or options["clusters"] or options["config_dump"]):
        return None
    found: dict[str, ClusterState] = {}
    if options["config_dump"]:
        dump = read_source(options["config_dump"])
        found = with_configuration(found, read_config_dump(dump.text, source=dump.name))
    if options["stats"]:
        stats = read_source(options["stats"])
        found = with_stats(found, stats.text, source=stats.name)
    if options["clusters"]:
        clusters = read_source(options["clusters"])
        found = with_clusters(found, clusters.text, source=clusters.name)
    return found


def _look_up(scan: Scan) -> Iterable[DnsAnswer]:
    from concurrent.futures import ThreadPoolExecutor

    from unstale.diagnosis.grouping import hosts_to_look_up

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(_answer, hosts_to_look_up(scan)))


def _answer(host: str) -> DnsAnswer:
    import socket

    from unstale.clients.lookup import SystemLookup
    from unstale.diagnosis.background import DnsAnswer

    try:
        return DnsAnswer(host=host, addresses=SystemLookup()(host).addresses)
    except socket.gaierror as error:
        rcode = "SERVFAIL or no answer" if error.errno == socket.EAI_AGAIN else "NXDOMAIN"
        return DnsAnswer(host=host, addresses=(), rcode=rcode)


def _tell_of_lines(scan: Scan) -> None:
    """What was read is told before the causes are sought, which takes longer than the reading where much failed."""
    from unstale.report.diagnosis_text import taken_text

    click.echo(taken_text(scan.lines, scan.formats))


def _write_html(path: Path, found: Diagnosis) -> None:
    from unstale.diagnosis.pages import titles
    from unstale.report.diagnosis_html import diagnosis_html

    try:
        path.write_text(diagnosis_html(found, titles()), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}). Choose another file.") from error


def _print(found: Diagnosis, options: dict[str, Any]) -> None:
    from unstale.diagnosis.pages import titles
    from unstale.report.diagnosis_json import diagnosis_json
    from unstale.report.diagnosis_text import findings_text

    if options["output"] == "json":
        click.echo(json.dumps(diagnosis_json(found), indent=1, ensure_ascii=False))
        return
    width = min(120, shutil.get_terminal_size((100, 24)).columns)
    click.echo(findings_text(found, titles(), width=width, paint=_painted), nl=False)
    if options["html_out"]:
        click.echo(f"\nwritten: {options['html_out']}")


def _painted(text: str, role: str) -> str:
    return click.style(text, **_STYLES[role])


COMMAND = diagnose
