"""The pages of the causes: each rule's docstring, as text for the terminal and as Markdown for the documentation."""

from __future__ import annotations

import re
from collections.abc import Mapping

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.registry import rules
from unstale.diagnosis.rule import Rule
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.weight import RARE

SECTIONS = ("What it means", "How we know", "What to do")
_HEADING = re.compile(r"^([A-Z][^\n]{2,40})\n(?=    )", re.MULTILINE)
_GENERATED = "<!-- Written by scripts/write_cause_pages.py from the rule's docstring. -->\n\n"


def titles() -> dict[str, str]:
    """A cause's name -> its one line."""
    return {cause.value: rule.title for cause, rule in rules().items()}


def page(cause: Cause) -> str:
    """A cause's page as text."""
    rule = rules()[cause]
    return f"{cause.value}\n{rule.page}\n\nIn the lab\n    {_lab(rule)}\n"


def markdown(cause: Cause) -> str:
    """A cause's page as Markdown, with its clues and the symptoms behind which it is."""
    rule = rules()[cause]
    body = _HEADING.sub(lambda found: f"## {found.group(1)}\n", rule.page)
    body = "\n".join(line.removeprefix("    ") for line in body.splitlines())
    return (
        f"{_GENERATED}# {cause.value}\n\n{body}\n\n## What is weighed\n\n"
        f"{_rates(rule.rates)}\n{_clues(rule)}\n## In the lab\n\n{_lab(rule)}\n"
    )


def index() -> str:
    """The list of all pages as Markdown."""
    rows = "\n".join(f"| [{name}]({name}.md) | {title} |" for name, title in titles().items())
    return f"{_GENERATED}# Causes\n\n| cause | what it is |\n|---|---|\n{rows}\n"


def _lab(rule: Rule) -> str:
    commands = ", ".join(f"`unstale prove --scenario {name}`" for name in rule.scenarios)
    return f"{commands}: {rule.lab}." if rule.lab else f"{commands}."


def _rates(rates: Mapping[Symptom, float]) -> str:
    rows = [f"| {symptom} | {rate:.0%} |" for symptom, rate in sorted(rates.items(), key=lambda item: -item[1])]
    return "\n".join(
        (
            f"How often it is behind a symptom when nothing else is known; behind those not listed in {RARE:.1%}.",
            "",
            "| symptom | share |",
            "|---|---|",
            *rows,
            "",
        )
    )


def _clues(rule: Rule) -> str:
    ordered = sorted(rule.weighs.items(), key=lambda item: -item[1])
    rows = [f"| {_words(clue.name)} | {weight:+.1f} |" for clue, weight in ordered]
    return "\n".join(
        (
            "What each clue adds to the logarithm of its odds (+2 is about seven times as likely, −2 a seventh).",
            "",
            "| clue | weight |",
            "|---|---|",
            *rows,
            "",
        )
    )


def _words(name: str) -> str:
    return name.lower().replace("_", " ")
