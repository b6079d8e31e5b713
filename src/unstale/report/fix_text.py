"""What `unstale fix` did and could not do, its proof, and the remedies there are, as lines of text."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence

import click

from unstale.istio.source import Source
from unstale.model.proof import Pair
from unstale.remedy.advice import Advice
from unstale.remedy.fix import Fixed, Left, Step
from unstale.remedy.remedy import Remedy

MESH_TOO = "the application's connections must end as well, which is set for the whole mesh: see --form mesh"
_SCENARIO = 26
_NUMBER = 18


def summary(fixed: Fixed) -> Iterator[str]:
    """A line for each finding that was ended or left, and one for all."""
    for step in fixed.steps:
        yield _step(step)
    for left in fixed.left:
        yield _left(left)
    yield f"{_count(len(fixed.steps), 'finding')} ended, {len(fixed.left)} left"


def _step(step: Step) -> str:
    mark = click.style("fixed", fg="green")
    how = f"{step.remedy.name} ({step.remedy.proof})" if step.remedy else "with another one"
    return f"{step.finding.origin}: {mark} {step.finding.code} {step.finding.message}\n    {how}"


def _left(left: Left) -> str:
    mark = click.style("left", fg="yellow")
    finding = left.finding
    return f"{finding.origin}: {mark} {finding.code} {finding.message}\n    {left.why}. {finding.fix}"


def advice(found: Iterable[Advice]) -> Iterator[str]:
    """A line for each cause of a diagnosis."""
    for one in found:
        share = f"{one.host}: {one.cause} ({one.probability:.0%})"
        if one.remedies:
            names = ", ".join(f"{remedy.name} ({remedy.proof})" for remedy in one.remedies)
            yield f"{share}: {names}"
        else:
            yield f"{share}: no manifest ends it, {one.why}"


def diff(before: Iterable[Source], after: Iterable[Source]) -> str:
    """A unified diff of all files that changed, as `patch -p0` reads it."""
    return "".join(
        line
        for old, new in zip(before, after, strict=True)
        for line in _lines(difflib.unified_diff(_split(old.text), _split(new.text), old.name, new.name))
    )


def coloured(text: str) -> str:
    """A diff with what was added in green and what was taken out in red."""
    return "\n".join(_colour(line) for line in text.split("\n"))


def _colour(line: str) -> str:
    if line.startswith(("+++", "---", "@@")):
        return click.style(line, bold=True)
    if line.startswith("+"):
        return click.style(line, fg="green")
    return click.style(line, fg="red") if line.startswith("-") else line


def _split(text: str) -> list[str]:
    """Lines as `diff` counts them: other line breaks of Unicode are part of a line."""
    found = text.split("\n")
    return [f"{line}\n" for line in found[:-1]] + ([found[-1]] if found[-1] else [])


def _lines(made: Iterable[str]) -> Iterator[str]:
    for line in made:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def proof(found: Sequence[Pair]) -> Iterator[str]:
    """A table of both, and a sentence."""
    head = f"{'':{_SCENARIO}} {'method':6} {'failed':>{_NUMBER}} {'executed twice':>{_NUMBER}} {'p99 ms':>{_NUMBER}}"
    yield click.style(head, bold=True)
    for pair in found:
        before, after = pair.before, pair.after
        yield (
            f"{before.scenario:{_SCENARIO}} {before.method:6} "
            f"{_change(before.failed, after.failed)} {_change(before.executed_twice, after.executed_twice)} "
            f"{_milliseconds(before.latency_ms.p99, after.latency_ms.p99)}"
        )
    worse = sum(pair.is_worse for pair in found)
    failed = sum(pair.before.failed for pair in found), sum(pair.after.failed for pair in found)
    twice = sum(pair.before.executed_twice for pair in found), sum(pair.after.executed_twice for pair in found)
    yield (
        f"before: {failed[0]} failed, {twice[0]} executed twice; after: {failed[1]} failed, {twice[1]} executed twice"
        + (f"; worse in {_count(worse, 'cell')}" if worse else "")
    )


def _change(before: int, after: int) -> str:
    text = f"{before} → {after}"
    padded = f"{text:>{_NUMBER}}"
    return click.style(padded, fg="red") if after > before else click.style(padded, fg="green" if before else None)


def _milliseconds(*values: float | None) -> str:
    text = " → ".join("–" if value is None else f"{value:.0f}" for value in values)
    return f"{text:>{_NUMBER}}"


def listing(remedies: Iterable[Remedy]) -> Iterator[str]:
    """All remedies with their pages."""
    for remedy in remedies:
        codes = ", ".join(remedy.codes) or "whole manifests only"
        yield f"{click.style(remedy.name, fg='cyan')}  {codes}  {remedy.proof}"
        yield from (f"    {line}".rstrip() for line in remedy.page.split("\n"))
        yield ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
