"""A diagnosis as one HTML file that opens offline: no script, nothing loaded from elsewhere, every text escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from unstale.accesslog.instant import iso_time
from unstale.diagnosis.finding import Diagnosis, Finding, Suspect
from unstale.report import diagnosis_pictures as pictures
from unstale.report import table
from unstale.report.diagnosis_text import LEAST_TOLD

_MOST_PICTURED = 40
"""Findings with pictures of their own: a page with hundreds of them would be slow to open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectView:
    """A cause as it is shown."""

    name: str
    title: str
    percent: str
    speaks_for: tuple[str, ...]
    speaks_against: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """A finding, its anchor and its pictures."""

    finding: Finding
    anchor: str
    host: str
    when: str
    told: tuple[SuspectView, ...]
    addresses: Markup
    gaps: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEntry:
    """A cause of the overview's legend."""

    cause: str
    css: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything on the page."""

    summary: str
    taken: str
    overview: Markup
    key: tuple[KeyEntry, ...]
    findings: tuple[FindingView, ...]


def diagnosis_html(diagnosis: Diagnosis, titles: Mapping[str, str]) -> str:
    """The whole document. `titles` maps a cause's name to its one line."""
    return _template().render(page=_page(diagnosis, titles), css=_css())


def _page(diagnosis: Diagnosis, titles: Mapping[str, str]) -> Page:
    findings = diagnosis.findings
    totals: dict[str, int] = {}
    for finding in findings:
        totals[finding.top.cause.value] = totals.get(finding.top.cause.value, 0) + finding.count
    causes = sorted(totals, key=lambda cause: -totals[cause])
    lines = diagnosis.lines
    formats = ", ".join(f"{table.count(number)} {name}" for name, number in diagnosis.formats.items())
    return Page(
        summary=_summary(findings),
        taken=f"{table.plural(lines.total, 'line')}: {formats or 'none that could be read'}; "
        f"{table.count(lines.unread)} not read, {table.count(lines.ambiguous)} ambiguous",
        overview=Markup(pictures.failures_picture(findings, causes)),
        key=tuple(
            KeyEntry(cause=cause, css=pictures.colour_class(number), count=totals[cause])
            for number, cause in enumerate(causes)
        ),
        findings=tuple(_view(finding, number, titles) for number, finding in enumerate(findings)),
    )


def _summary(findings: Sequence[Finding]) -> str:
    if not findings:
        return "Nothing failed in these logs."
    hosts = len({finding.host for finding in findings})
    total = sum(finding.count for finding in findings)
    first = findings[0]
    return (
        f"{table.plural(total, 'failure')} at {table.plural(hosts, 'host')}. First of all "
        f"{first.host or 'a host that is not named'}: {first.top.cause.value}, {first.top.probability:.0%}."
    )


def _view(finding: Finding, number: int, titles: Mapping[str, str]) -> FindingView:
    is_pictured = number < _MOST_PICTURED
    return FindingView(
        finding=finding,
        anchor=f"finding-{number + 1}",
        host=finding.host or "(host not in the log)",
        when=_when(finding),
        told=tuple(_suspect(one, titles) for one in finding.suspects if one.probability >= LEAST_TOLD),
        addresses=Markup(pictures.addresses_picture(finding.histories) if is_pictured else ""),
        gaps=Markup(pictures.gaps_picture(finding.gaps_s) if is_pictured else ""),
    )


def _suspect(suspect: Suspect, titles: Mapping[str, str]) -> SuspectView:
    return SuspectView(
        name=suspect.cause.value,
        title=titles.get(suspect.cause.value, ""),
        percent=f"{suspect.probability:.0%}",
        speaks_for=suspect.speaks_for,
        speaks_against=suspect.speaks_against,
    )


def _when(finding: Finding) -> str:
    if finding.first_s is None:
        return ""
    return f", {iso_time(finding.first_s)} to {iso_time(finding.last_s or finding.first_s)}"


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("unstale.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_shown,
    )
    environment.filters.update(count=table.count)
    return environment.get_template("diagnosis.html.j2")


def _shown(value: object) -> object:
    return table.printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _css() -> str:
    folder = files("unstale.report")
    return "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in ("report.css", "diagnosis.css"))
