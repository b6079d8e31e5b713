"""A diagnosis as text: per host what fails, since when, the ranked causes with their evidence, and what to do next."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping

from unstale.accesslog.instant import iso_time
from unstale.accesslog.result import Lines
from unstale.diagnosis.finding import Diagnosis, Finding, Suspect
from unstale.report.table import count, plural, printable

Paint = Callable[[str, str], str]
"""Text and a role (`head`, `cause`, `dim`, `good`, `bad`) in, text with or without colour out."""

LEAST_TOLD = 0.05
"""Causes below are summed up in one line."""

_MOST_EVIDENCE = 5
_INDENT = 9
_UNKNOWN_HOST = "(host not in the log)"


def plain(text: str, _: str) -> str:
    """No colour."""
    return text


def diagnosis_text(
    diagnosis: Diagnosis, titles: Mapping[str, str], *, width: int = 100, paint: Paint = plain, is_ascii: bool = False
) -> str:
    """The whole: how the lines were taken, and the findings."""
    taken = taken_text(diagnosis.lines, diagnosis.formats)
    return f"{taken}\n{findings_text(diagnosis, titles, width=width, paint=paint, is_ascii=is_ascii)}"


def findings_text(
    diagnosis: Diagnosis, titles: Mapping[str, str], *, width: int = 100, paint: Paint = plain, is_ascii: bool = False
) -> str:
    """`titles` maps a cause's name to its one line; ends in a newline."""
    bullets = ("+", "-") if is_ascii else ("+", "−")
    lines = []
    for finding in diagnosis.findings:
        lines += [*_finding(finding, titles, width, paint, bullets), ""]
    if not diagnosis.findings:
        lines += [paint("Nothing failed in these logs.", "good"), ""]
    return "\n".join(lines[:-1]) + "\n"


def taken_text(lines: Lines, formats: Mapping[str, int]) -> str:
    """What the lines were taken for, and how many could not be read; ends in a newline."""
    most_first = sorted(formats.items(), key=lambda item: -item[1])
    told = ", ".join(f"{count(number)} {name}" for name, number in most_first) or "none that could be read"
    return f"{plural(lines.total, 'line')}: {told}{_left_over(lines)}\n"


def _left_over(lines: Lines) -> str:
    told = f"; {count(lines.unread)} not read" if lines.unread else ""
    if lines.ambiguous:
        told += f"; {count(lines.ambiguous)} can be read in two ways, as a client wrote them, and are not believed"
    return told


def _finding(
    finding: Finding, titles: Mapping[str, str], width: int, paint: Paint, bullets: tuple[str, str]
) -> Iterator[str]:
    host = printable(finding.host) or _UNKNOWN_HOST
    yield paint(f"{host}  {finding.flag}", "head") + f"  {count(finding.count)} failed{_when(finding)}"
    yield f"  {finding.symptom.value}" + (f"   {paint(finding.places[0], 'dim')}" if finding.places else "")
    if finding.is_single:
        few = "One line alone seldom proves a cause" if finding.count == 1 else "So few lines seldom prove a cause"
        yield f"  {paint(few + ': the shares below keep room for all others.', 'dim')}"
    told = [one for one in finding.suspects if one.probability >= LEAST_TOLD] or list(finding.suspects[:1])
    for number, suspect in enumerate(told):
        yield from _suspect(suspect, titles, width, paint, bullets, is_first=number == 0)
    rest = 1.0 - sum(one.probability for one in told)
    if rest >= 0.005:
        yield f"  {rest:>4.0%}   {paint('all other causes together', 'dim')}"
    yield from _list("would settle it", finding.would_settle, width, paint)
    yield from _list("next", finding.next, 10_000, paint)


def _when(finding: Finding) -> str:
    if finding.first_s is None:
        return ""
    first, last = iso_time(finding.first_s), iso_time(finding.last_s or finding.first_s)
    if first == last or finding.count == 1:
        return f"  at {first}"
    same_day = first[:10] == last[:10]
    return f"  {first} to {last[11:] if same_day else last}"


def _suspect(
    suspect: Suspect,
    titles: Mapping[str, str],
    width: int,
    paint: Paint,
    bullets: tuple[str, str],
    *,
    is_first: bool,
) -> Iterator[str]:
    name = suspect.cause.value
    yield f"  {suspect.probability:>4.0%}   {paint(name, 'cause' if is_first else 'dim')}"
    if is_first:
        yield from _wrapped(titles.get(name, ""), width, "")
    most = _MOST_EVIDENCE if is_first else 2
    for words in suspect.speaks_for[:most]:
        yield from _wrapped(words, width, paint(bullets[0], "good"))
    for words in suspect.speaks_against[:most]:
        yield from _wrapped(words, width, paint(bullets[1], "bad"))


def _wrapped(words: str, width: int, bullet: str) -> Iterator[str]:
    room = max(40, width - _INDENT - 2)
    for number, line in enumerate(textwrap.wrap(printable(words), room, break_on_hyphens=False)):
        lead = f"{bullet} " if bullet and number == 0 else ("  " if bullet else "")
        yield " " * _INDENT + lead + line


def _list(title: str, items: tuple[str, ...], width: int, paint: Paint) -> Iterator[str]:
    if not items:
        return
    yield f"  {paint(title, 'head')}"
    for item in items:
        room = max(40, width - _INDENT - 2)
        wrapped = textwrap.wrap(printable(item), room, break_on_hyphens=False, break_long_words=False)
        yield from (" " * _INDENT + line for line in wrapped)
