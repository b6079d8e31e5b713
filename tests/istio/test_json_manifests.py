"""JSON manifests are read as Kubernetes reads them, with the places of the text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from unstale.istio.judgement import Judgement, Verdict, judge
from unstale.istio.source import Source

OBJECT: dict[str, Any] = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "ServiceEntry",
    "metadata": {"name": "api", "annotations": {"note": "\U0001f600 / \x7f"}},
    "spec": {"hosts": ["api.example.com"], "resolution": "DNS"},
}
EXPANDED = json.dumps(OBJECT, indent=2)
COMPACT = json.dumps(OBJECT, separators=(",", ":"))


def _judged(text: str) -> list[Judgement]:
    return list(judge([Source(name="a.json", text=text)]).objects)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (EXPANDED, 1),
        (COMPACT, 1),
        (json.dumps(OBJECT, indent="\t"), 1),
        (EXPANDED.replace("/", "\\/"), 1),
        (COMPACT + COMPACT, 2),
        (f"{COMPACT}\n{EXPANDED}\n", 2),
        (f"---\n{EXPANDED}\n---\n{COMPACT}\n", 2),
        (f"a: [\n---\n{EXPANDED}\n", 2),
        (json.dumps({"apiVersion": "v1", "kind": "List", "items": [OBJECT, OBJECT]}), 2),
        (COMPACT.replace("\\ud83d", ""), 1),
    ],
    ids=["expanded", "compact", "tabs", "slashes", "glued", "lines", "parts", "behind an error", "list", "half a pair"],
)
def test_json_is_accepted_in_all_its_forms(text: str, count: int) -> None:
    judged = _judged(text)

    assert len(judged) == count
    assert judged[-1].verdict is Verdict.ACCEPTED, judged[-1].problems


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (EXPANDED.replace("DNS", "DSN"), 14, 19),
        (f"---\n{EXPANDED}".replace("DNS", "DSN"), 15, 19),
        (f"{COMPACT}{{}}".replace("DNS", "DSN"), 1, COMPACT.index('"DNS"') + 1),
    ],
    ids=["lines", "behind a separator", "one line"],
)
def test_faults_are_told_at_their_places(text: str, line: int, column: int) -> None:
    origin = _judged(text)[0].problems[0].origin

    assert (origin.line, origin.column) == (line, column)


@pytest.mark.parametrize(
    "text", [COMPACT[:-1], COMPACT + "]", COMPACT.replace('"DNS"', "NaN"), COMPACT + '"a"', "[" * 3000 + "]" * 3000]
)
def test_what_is_no_json_is_refused(text: str) -> None:
    assert any(one.verdict is Verdict.REJECTED for one in _judged(text))
