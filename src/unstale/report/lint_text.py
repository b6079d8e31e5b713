"""Findings as text: the place, the line of the manifest with a caret, why and what to do."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial

import click

from unstale.lint.finding import Finding, LintResult, Severity

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFORMATION: "cyan"}
_NOUNS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "information"}
_PLURALS = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.INFORMATION: "informations"}
_WIDEST_LINE = 160
_WIDTH = 110


def lint_text(result: LintResult, texts: Mapping[str, str]) -> str:
    """Everything that was found and what could not be judged; `texts` are the manifests by file name.

    Colours are written as ANSI codes, which `click.echo` takes away where they do not belong.
    """
    lines: list[str] = []
    known: dict[str, Sequence[str]] = {}
    for finding in result.findings:
        file = finding.origin.file
        if file not in known:
            known[file] = texts.get(file, "").split("\n")
        lines.extend(_finding(finding, known[file]))
        lines.append("")
    lines.extend(_not_judged(result))
    lines.append(_summary(result))
    return "\n".join(lines) + "\n"


def _finding(finding: Finding, written: Sequence[str]) -> Iterator[str]:
    colour = _COLOURS[finding.severity]
    code = _styled(f"{finding.severity} {finding.code}", colour)
    yield f"{click.style(str(finding.origin), bold=True)}: {code} {finding.message}"
    yield from _source(finding, written, colour)
    yield from _paragraph("why", finding.why)
    yield from _paragraph("fix", finding.fix)
    if finding.measured:
        yield from _paragraph("measured", finding.measured)
    if finding.others:
        yield from _paragraph("also", ", ".join(finding.others))


def _source(finding: Finding, written: Sequence[str], colour: str) -> Iterator[str]:
    """The line and a caret below; nothing for a place outside of the text."""
    line, column = finding.origin.line, finding.origin.column
    if not 1 <= line <= len(written):
        return
    text = written[line - 1].rstrip("\r")
    gutter = f"{line:>5} | "
    blank = " " * (len(gutter) - 2) + "| "
    start = max(0, column - _WIDEST_LINE // 2) if len(text) > _WIDEST_LINE else 0
    shown = text[start : start + _WIDEST_LINE]
    before = "".join("\t" if letter == "\t" else " " for letter in shown[: column - 1 - start])
    yield _dim(gutter) + shown
    yield _dim(blank) + before + _styled("^", colour)


@lru_cache(maxsize=1024)
def _styled(text: str, colour: str) -> str:
    return click.style(text, fg=colour, bold=True)


@lru_cache(maxsize=4096)
def _dim(text: str) -> str:
    return click.style(text, dim=True)


@lru_cache(maxsize=1024)
def _paragraph(label: str, text: str) -> tuple[str, ...]:
    """Wrapped; the same few texts stand below thousands of findings."""
    return tuple(_wrapped(label, text))


def _wrapped(label: str, text: str) -> Iterator[str]:
    head = f"   {label}: "
    wrap = partial(textwrap.wrap, width=_WIDTH, break_long_words=False, break_on_hyphens=False)
    for number, line in enumerate(wrap(text, initial_indent=head, subsequent_indent=" " * len(head))):
        yield click.style(head, dim=True) + line[len(head) :] if number == 0 else line


def _not_judged(result: LintResult) -> Iterator[str]:
    for left in result.not_judged:
        yield click.style(f"not judged, {left.what}: {', '.join(left.codes)} ({left.how})", dim=True)
    if result.not_judged:
        yield ""


def _summary(result: LintResult) -> str:
    counts = Counter(finding.severity for finding in result.findings)
    told = [
        click.style(f"{count} {_NOUNS[severity] if count == 1 else _PLURALS[severity]}", fg=_COLOURS[severity])
        for severity in Severity
        if (count := counts[severity])
    ]
    ignored = f" {result.ignored} ignored by comments." if result.ignored else ""
    return f"{', '.join(told)}.{ignored}" if told else f"Nothing found.{ignored}"
