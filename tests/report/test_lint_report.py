"""The four renderings of the linter's findings."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from unstale.lint.finding import Finding, LintResult, NotJudged, Severity
from unstale.lint.registry import rules
from unstale.model.origin import Origin
from unstale.report.lint_json import lint_github, lint_json
from unstale.report.lint_sarif import lint_sarif
from unstale.report.lint_text import lint_text

_SCHEMA = json.loads(Path(__file__).with_name("sarif_subset.schema.json").read_text("utf-8"))
_TEXT = "spec:\n\tretryOn: 5xx, reset\n" + "x" * 400 + "\n"


def _finding(code: str = "UNS104", *, file: str = "a b/ü%.yaml", line: int = 2, column: int = 11) -> Finding:
    return Finding(
        code=code,
        severity=Severity.WARNING,
        origin=Origin(file=file, line=line, column=column),
        message="POST may run twice: 100 %",
        why="It is sent again.",
        fix="Split the route.",
        measured="96 of 2808 POSTs ran more than once",
        others=("IST0101",),
    )


_RESULT = LintResult(
    findings=(_finding(), _finding("UNS401", line=3, column=300)),
    not_judged=(NotJudged(codes=("UNS306",), what="what DNS answers now was not asked", how="--dns"),),
    ignored=2,
)


def test_text_shows_line_and_caret() -> None:
    lines = _plain(lint_text(_RESULT, {"a b/ü%.yaml": _TEXT})).split("\n")
    assert lines[0] == "a b/ü%.yaml:2:11: W UNS104 POST may run twice: 100 %"
    assert lines[1:3] == ["    2 | \tretryOn: 5xx, reset", "      | \t         ^"]
    assert "   measured: 96 of 2808 POSTs ran more than once" in lines
    assert "   also: IST0101" in lines
    assert "not judged, what DNS answers now was not asked: UNS306 (--dns)" in lines
    assert lines[-2] == "2 warnings. 2 ignored by comments."


def test_text_of_a_long_line_shows_the_part_around_the_caret() -> None:
    lines = _plain(lint_text(_RESULT, {"a b/ü%.yaml": _TEXT})).split("\n")
    at = next(number for number, line in enumerate(lines) if line.startswith("    3 | "))
    assert len(lines[at]) < 200
    assert lines[at][lines[at + 1].index("^")] == "x"


@pytest.mark.parametrize("texts", [{}, {"a b/ü%.yaml": ""}])
def test_text_without_the_source_still_names_the_place(texts: dict[str, str]) -> None:
    assert "a b/ü%.yaml:2:11: W UNS104" in _plain(lint_text(_RESULT, texts))


def test_text_of_nothing() -> None:
    assert _plain(lint_text(LintResult(findings=(), not_judged=()), {})) == "Nothing found.\n"


def test_json_has_what_programs_need() -> None:
    found = json.loads(lint_json(_RESULT))
    assert found["findings"][0] == {
        "code": "UNS104",
        "severity": "W",
        "file": "a b/ü%.yaml",
        "line": 2,
        "column": 11,
        "message": "POST may run twice: 100 %",
        "why": "It is sent again.",
        "fix": "Split the route.",
        "measured": "96 of 2808 POSTs ran more than once",
        "others": ["IST0101"],
    }
    assert found["not_judged"] == [{"codes": ["UNS306"], "what": "what DNS answers now was not asked", "how": "--dns"}]
    assert found["ignored"] == 2


def test_github_annotations_escape_what_ends_them() -> None:
    result = LintResult(findings=(_finding(file="a,b:c\n.yaml"),), not_judged=())
    assert lint_github(result) == (
        "::warning file=a%2Cb%3Ac%0A.yaml,line=2,col=11,title=UNS104::POST may run twice: 100 %25."
        "%0AWhy: It is sent again.%0AFix: Split the route.%0AMeasured: 96 of 2808 POSTs ran more than once\n"
    )


def test_sarif_is_as_its_standard_asks() -> None:
    found = json.loads(lint_sarif(_RESULT, rules(), version="1.2.3"))
    jsonschema.Draft7Validator(_SCHEMA, format_checker=jsonschema.FormatChecker()).validate(found)
    (run,) = found["runs"]
    known = run["tool"]["driver"]["rules"]
    assert [known[result["ruleIndex"]]["id"] for result in run["results"]] == ["UNS104", "UNS401"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "a%20b/%C3%BC%25.yaml"},
        "region": {"startLine": 2, "startColumn": 11},
    }
    assert [result["level"] for result in run["results"]] == ["warning", "warning"]


def test_sarif_fingerprint_survives_a_moved_line() -> None:
    moved = LintResult(findings=(_finding(line=9),), not_judged=())
    one, other = (json.loads(lint_sarif(each, rules(), version="1")) for each in (_RESULT, moved))
    prints = [each["runs"][0]["results"][0]["partialFingerprints"] for each in (one, other)]
    assert prints[0] == prints[1]


def _plain(text: str) -> str:
    import click

    return click.unstyle(text)
