"""Findings as SARIF 2.1.0, which code scanning takes (OASIS, "Static Analysis Results Interchange Format")."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from unstale.lint.finding import Finding, LintResult, Severity
from unstale.lint.rule import Rule

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "note"}


def lint_sarif(result: LintResult, rules: Mapping[str, Rule], *, version: str) -> str:
    """One run with all rules, so that a reader can look up what was judged; `version` is the tool's."""
    places = {code: number for number, code in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "unstale",
                "version": version,
                "semanticVersion": version,
                "rules": [_rule(rule) for rule in rules.values()],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, places[finding.code]) for finding in result.findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def _rule(rule: Rule) -> dict[str, Any]:
    name = "".join(word.capitalize() for word in rule.name.split("_"))
    return {
        "id": rule.code,
        "name": name,
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.page},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": ["istio", *rule.others]},
    }


def _result(finding: Finding, rule_index: int) -> dict[str, Any]:
    text = f"{finding.message}. {finding.why} {finding.fix}"
    if finding.measured:
        text += f" Measured: {finding.measured}."
    place = finding.origin
    return {
        "ruleId": finding.code,
        "ruleIndex": rule_index,
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(place.file.replace("\\", "/"))},
                    "region": {"startLine": place.line, "startColumn": place.column},
                }
            }
        ],
        "partialFingerprints": {"unstale/v1": _fingerprint(finding)},
    }


def _fingerprint(finding: Finding) -> str:
    """The same for a finding whose line has moved."""
    told = f"{finding.code}\0{finding.origin.file}\0{finding.message}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]
