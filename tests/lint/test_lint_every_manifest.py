"""Whatever the manifests: findings or none, each at a line of theirs, and the same in every run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from lint_case import LintCase

_TESTS = Path(__file__).parents[1]
_RELEASES = ("1.24", "1.32")


def _compiler_cases() -> Iterator[tuple[str, str]]:
    for path in sorted((_TESTS / "envoy/cases").glob("*.yaml")):
        for name, case in yaml.load(path.read_text("utf-8"), yaml.CSafeLoader).items():
            yield name, case["manifests"]


def _verdict_cases() -> Iterator[tuple[str, str]]:
    for line in (_TESTS / "istio/verdicts.jsonl").read_text("utf-8").splitlines():
        case = json.loads(line)
        yield case["id"], json.dumps(case["object"])


def _assert_placed(name: str, text: str, istio: str) -> None:
    case = LintCase(name=name, text=f"# istio: {istio}\n{text}")
    for finding in case.judge().findings:
        assert finding.origin.file == name
        assert 1 <= finding.origin.line <= case.lines
        assert finding.origin.column >= 1


@pytest.mark.parametrize("istio", _RELEASES)
def test_compiler_cases(istio: str) -> None:
    for name, text in _compiler_cases():
        _assert_placed(name, text, istio)


def test_objects_that_istio_judged() -> None:
    for name, text in _verdict_cases():
        _assert_placed(name, text, "1.32")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n---\n---\n",
        "a",
        "- 1",
        "[[1]: 2]",
        "kind: ServiceEntry",
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry",
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: 1\nspec: 2",
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntryList\nitems: {a: 1}",
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec: {hosts: [], http: []}",
        "apiVersion: v1\nkind: Pod\nmetadata: 1\nspec: [1]",
        "apiVersion: v1\nkind: Gateway\nspec: {servers: [1, {hosts: 2}]}",
        "apiVersion: v1\nkind: [Service]\n",
        "apiVersion: &a networking.istio.io/v1\nkind: ServiceEntry\nmetadata: *a\nspec: *b",
        "\ufeffapiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: a}\nspec: {egress: [{hosts: [a]}]}",
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a}\nspec: {host: '*'}",
        "x: \x00",
    ],
)
def test_odd_texts(text: str) -> None:
    _assert_placed("odd.yaml", text, "1.32")


def test_order_of_files_and_runs_makes_no_difference() -> None:
    name, text = max(_compiler_cases(), key=lambda case: len(case[1]))
    case = LintCase(name=name, text=text)
    assert case.judge() == case.judge()
