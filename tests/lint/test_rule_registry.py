"""Codes are for ever, pages are what the rules say, and figures belong to scenarios that exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from unstale.lab.registry import members
from unstale.lint.linter import NEEDS
from unstale.lint.measured import measured
from unstale.lint.registry import rules
from unstale.report.rule_pages import rule_pages

_CODES = Path(__file__).parent / "codes.tsv"
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


def test_what_istioctl_and_kiali_say_has_a_code_here() -> None:
    known = {other for rule in rules().values() for other in rule.others}
    istioctl = {"IST0101", "IST0109", "IST0112", *(f"IST0{number}" for number in range(128, 135)), "IST0174", "IST0177"}
    destination_rules = {f"KIA02{number:02}" for number in range(1, 13)}
    virtual_services = {f"KIA11{number:02}" for number in range(1, 15)} - {"KIA1103"}
    assert istioctl | destination_rules | virtual_services | {"KIA1211", "KIA1212"} <= known
