"""Findings for programs: JSON, and the annotations that GitHub shows beside the lines of a pull request."""

from __future__ import annotations

import json
from typing import Any

from unstale.lint.finding import Finding, LintResult, Severity

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "notice"}


def lint_json(result: LintResult) -> str:
    """One object: `findings` in order, `not_judged` with codes, what is missing and the option that gives it.

    A finding is one line: Python writes indented JSON ten times slower, which tells with tens of thousands of them.
    """
    findings = ",\n".join(json.dumps(_finding(finding)) for finding in result.findings)
    left = [{"codes": list(one.codes), "what": one.what, "how": one.how} for one in result.not_judged]
    rest = f'"not_judged": {json.dumps(left)},\n"ignored": {result.ignored}'
    return f'{{"findings": [\n{findings}\n],\n{rest}}}'


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "file": finding.origin.file,
        "line": finding.origin.line,
        "column": finding.origin.column,
        "message": finding.message,
        "why": finding.why,
        "fix": finding.fix,
        "measured": finding.measured,
        "others": list(finding.others),
    }


def lint_github(result: LintResult) -> str:
    """One workflow command a finding (docs.github.com, "Workflow commands for GitHub Actions")."""
    return "".join(f"{_command(finding)}\n" for finding in result.findings)


def _command(finding: Finding) -> str:
    place = finding.origin
    properties = {"file": place.file, "line": place.line, "col": place.column, "title": finding.code}
    written = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    text = f"{finding.message}.\nWhy: {finding.why}\nFix: {finding.fix}"
    if finding.measured:
        text += f"\nMeasured: {finding.measured}"
    return f"::{_COMMANDS[finding.severity]} {written}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
