"""The documentation of the linter's rules as Markdown, made from the rules themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from unstale.lint.finding import Severity
from unstale.lint.linter import NEEDS
from unstale.lint.measured import measured
from unstale.lint.registry import rules
from unstale.lint.rule import Rule
from unstale.remedy.registry import remedies

_HEADS = re.compile(r"^(What it means|How we know|What to do)$", re.MULTILINE)
_BLOCK = re.compile(r"^(Bad|Good):\n\n((?:    .*\n|\n)+)", re.MULTILINE)
_GROUPS = {
    "UNS0": "What Istio says itself, and comments",
    "UNS1": "Retries",
    "UNS2": "Protocol and TLS",
    "UNS3": "DNS",
    "UNS4": "Connection pool",
    "UNS5": "Scope and ownership",
    "UNS6": "Observability",
    "UNS7": "EnvoyFilter",
}
_WORDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "information"}
_INDEX = "README.md"


def rule_pages() -> Mapping[str, str]:
    """File name to text: one for each rule, and the index."""
    pages = {f"{rule.code}.md": rule_page(rule) for rule in rules().values()}
    return {_INDEX: _index(), **pages}


def rule_page(rule: Rule) -> str:
    """One rule as Markdown."""
    body = rule.page.split("\n", 1)[1].strip("\n") + "\n"
    body = _BLOCK.sub(_fenced, body)
    body = _HEADS.sub(r"## \1\n", body)
    facts = [f"**{rule.code}**", _WORDS[rule.severity]]
    if rule.others:
        facts.append(f"istioctl and Kiali: {', '.join(rule.others)}")
    parts = [f"# {rule.title}", " · ".join(facts), body.strip("\n")]
    figure = measured().get(rule.code)
    if figure:
        parts.append(f"## Measured\n\nWith the bad example in the lab: {figure}.")
    if rule.needs:
        need = NEEDS[rule.needs]
        parts.append(f"Not judged by itself: {need.what}. To have it judged: {need.how}.")
    return "\n\n".join(parts) + "\n"


def _fenced(found: re.Match[str]) -> str:
    lines = [line[4:] for line in found[2].rstrip("\n").split("\n")]
    return f"{found[1]}:\n\n```yaml\n" + "\n".join(lines) + "\n```\n\n"


def _index() -> str:
    return "\n".join(_index_lines()) + "\n"


def _index_lines() -> Iterator[str]:
    yield "# The rules of `unstale lint`"
    yield ""
    yield "Made from the rules by `scripts/write_rule_pages.py`. E does not do what its author wants or can break, W is"
    yield "risky, I is information. `unstale explain CODE` prints a page. A code never changes its meaning. What was"
    yield "measured is one run of the lab: requests meet the moment of a fault by luck, so another differs by a few."
    yield "The last column is the remedy with which `unstale fix` ends it in files; where there is none, only people"
    yield "know what is meant."
    for prefix, title in _GROUPS.items():
        yield ""
        yield f"## {title}"
        yield ""
        yield "| code | | what | istioctl, Kiali | measured | `unstale fix` |"
        yield "|---|---|---|---|---|---|"
        for rule in rules().values():
            if rule.code.startswith(prefix):
                figure = measured().get(rule.code, "")
                told = f"{rule.title} | {', '.join(rule.others)} | {figure} | {_remedies(rule.code)}"
                yield f"| [{rule.code}]({rule.code}.md) | {rule.severity} | {told} |"
    yield from _other_codes()


def _remedies(code: str) -> str:
    return " or ".join(one.name for one in remedies().values() if one.edits and code in one.codes)


def _other_codes() -> Iterator[str]:
    """Where to find what another tool tells by a code of its own."""
    found: dict[str, list[Rule]] = {}
    for rule in rules().values():
        for other in rule.others:
            found.setdefault(other, []).append(rule)
    yield ""
    yield "## The codes of istioctl analyze (IST) and Kiali (KIA)"
    yield ""
    yield "| code | here |"
    yield "|---|---|"
    for other, several in sorted(found.items()):
        yield f"| {other} | {', '.join(f'[{rule.code}]({rule.code}.md) {rule.title}' for rule in several)} |"
