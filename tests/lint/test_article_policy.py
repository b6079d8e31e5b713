"""The article's manifests have the pitfalls that were measured of them, and the recommended ones have none."""

from __future__ import annotations

from importlib.resources import files

import pytest
from lint_case import LintCase

from unstale.lint.finding import Severity
from unstale.remedy.facts import HostFacts
from unstale.remedy.recommended import recommended


def test_article_has_four_pitfalls() -> None:
    text = files("unstale.lab.policies").joinpath("article.yaml").read_text("utf-8")
    findings = LintCase(name="article.yaml", text=text).judge().findings
    assert [(one.origin.line, one.severity.value, one.code) for one in findings] == [
        (14, "W", "UNS401"),
        (20, "W", "UNS307"),
        (31, "E", "UNS201"),
        (34, "W", "UNS104"),
        (50, "E", "UNS201"),
        (53, "W", "UNS104"),
    ]
    assert all(one.fix and one.why for one in findings)


@pytest.mark.parametrize("facts", [HostFacts(host="api.example.com"), HostFacts(host="api.example.com", ttl_s=60)])
def test_recommended_policy_has_neither_error_nor_warning(facts: HostFacts) -> None:
    found = LintCase(name="recommended.yaml", text=recommended(facts).yaml).judge().findings
    assert [one for one in found if one.severity is not Severity.INFORMATION] == []
