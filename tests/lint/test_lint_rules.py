"""Every rule fires on its bad cases and on no good one, at a line of the case; so do the examples of its page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lint_case import LintCase

from unstale.lint.registry import rules
from unstale.lint.rule import Rule

_CASES = Path(__file__).parent / "rules"
_EXAMPLE = re.compile(r"^(Bad|Good):\n\n((?:    .*\n|\n)+)", re.MULTILINE)
_LAST = "UNS0"
"""Rules about what the other rules found."""
_SECTIONS = ("What it means", "How we know", "What to do")


def _cases() -> Iterator[tuple[str, Path]]:
    for rule in rules().values():
        for path in sorted((_CASES / rule.name).glob("*.yaml")):
            yield rule.code, path


def _examples(rule: Rule) -> list[tuple[str, str]]:
    return [
        (kind, "\n".join(line[4:] for line in block.rstrip("\n").split("\n")))
        for kind, block in _EXAMPLE.findall(rule.page + "\n")
    ]


def _assert_judged(rule: Rule, case: LintCase, *, is_bad: bool) -> None:
    select = () if rule.code.startswith(_LAST) else (rule.code,)
    found = [finding for finding in case.judge(select).findings if finding.code == rule.code]
    assert bool(found) == is_bad, f"{case.name}: {[str(one.origin) + ' ' + one.message for one in found]}"
    for finding in found:
        assert finding.origin.file == case.name
        assert 1 <= finding.origin.line <= case.lines
        assert finding.message and finding.why and finding.fix


@pytest.mark.parametrize(("code", "path"), list(_cases()), ids=lambda value: getattr(value, "stem", value))
def test_rule_fires_on_its_bad_cases_alone(code: str, path: Path) -> None:
    case = LintCase(name=str(path), text=path.read_text("utf-8"))
    _assert_judged(rules()[code], case, is_bad=path.name.startswith("bad-"))


@pytest.mark.parametrize("code", rules())
def test_page_has_its_sections_and_its_examples_are_true(code: str) -> None:
    rule = rules()[code]
    places = [rule.page.index(f"\n{section}\n") for section in _SECTIONS]
    assert places == sorted(places)
    examples = _examples(rule)
    assert [kind for kind, _ in examples] == ["Bad", "Good"]
    for kind, text in examples:
        _assert_judged(rule, LintCase(name=f"{code}-{kind}", text=text), is_bad=kind == "Bad")


@pytest.mark.parametrize("code", rules())
def test_rule_has_cases_of_both_kinds(code: str) -> None:
    names = [path.name for path in (_CASES / rules()[code].name).glob("*.yaml")]
    assert sum(name.startswith("bad-") for name in names) >= 2
    assert sum(name.startswith("good-") for name in names) >= 2
    assert all(name.startswith(("bad-", "good-")) for name in names)


def test_no_cases_are_left_over() -> None:
    assert {path.name for path in _CASES.iterdir()} == {rule.name for rule in rules().values()}
