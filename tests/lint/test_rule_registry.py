"""Codes are for ever, pages are what the rules say, and figures belong to scenarios that exist."""

from __future__ import annotations

from pathlib import Path

import pytest
from lint_case import LintCase

from unstale.lab.registry import members
from unstale.lint.linter import NEEDS
from unstale.lint.measured import measured
from unstale.lint.registry import rules
from unstale.report.rule_pages import rule_pages

_CODES = Path(__file__).parent / "codes.tsv"
_OTHERS = Path(__file__).parent / "other_codes.tsv"
_PAGES = Path(__file__).parents[2] / "docs/rules"


def test_codes_keep_their_meaning() -> None:
    """A new rule adds a row; a row never changes."""
    written = dict(line.split("\t") for line in _CODES.read_text("utf-8").splitlines())
    assert {code: rule.name for code, rule in rules().items()} == written


def test_pages_are_what_the_rules_say() -> None:
    written = {path.name: path.read_text("utf-8") for path in _PAGES.glob("*.md")}
    assert written == rule_pages(), "run scripts/write_rule_pages.py"


@pytest.mark.parametrize("code", rules())
def test_rule_is_complete(code: str) -> None:
    rule = rules()[code]
    assert rule.page.split("\n", 1)[0].endswith(".")
    assert rule.why.endswith(".") and rule.fix.endswith((".", "?"))
    assert rule.needs is None or rule.needs in NEEDS
    assert rule.scenario is None or rule.scenario in members("unstale.lab.scenarios", "SCENARIO")
    assert all(other.startswith(("IST", "KIA")) for other in rule.others)


def test_figures_belong_to_rules_with_a_scenario() -> None:
    assert measured()
    assert all(rules()[code].scenario for code in measured())


def _others() -> list[tuple[str, str]]:
    rows = (line.split("\t") for line in _OTHERS.read_text("utf-8").splitlines())
    return [(code, case) for code, case in rows]


@pytest.mark.parametrize(("other", "case"), _others())
def test_what_istioctl_and_kiali_tell_is_found_in_a_case(other: str, case: str) -> None:
    path = Path(__file__).parent / "rules" / f"{case}.yaml"
    found = LintCase(name=str(path), text=path.read_text("utf-8")).judge().findings
    assert any(other in finding.others and finding.origin.line >= 1 for finding in found)


def test_no_code_of_istioctl_and_kiali_is_left_out() -> None:
    istioctl = {"IST0101", "IST0109", "IST0112", *(f"IST0{number}" for number in range(128, 135)), "IST0174", "IST0177"}
    destination_rules = {f"KIA02{number:02}" for number in range(1, 13)}
    virtual_services = {f"KIA11{number:02}" for number in range(1, 15)}
    held = {code for code, _ in _others()}
    assert istioctl | destination_rules | virtual_services | {"KIA1211", "KIA1212"} <= held
    assert held == {other for rule in rules().values() for other in rule.others}
