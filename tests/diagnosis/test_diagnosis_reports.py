"""A diagnosis as JSON, text and HTML: the agreed shape, nothing of a stranger's unescaped, nothing loaded."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from diagnosing import CASES, istio, scanned, served, written

from unstale.diagnosis.diagnose import diagnose
from unstale.diagnosis.finding import Diagnosis
from unstale.diagnosis.pages import titles
from unstale.report.diagnosis_html import diagnosis_html
from unstale.report.diagnosis_json import diagnosis_json
from unstale.report.diagnosis_text import diagnosis_text
from unstale.report.scan_progress import ScanProgress

TEXTS = {"type": "array", "items": {"type": "string", "minLength": 1}}
TIME = {"type": ["string", "null"], "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
COUNT = {"type": "integer", "minimum": 0}
SCHEMA = {
    "type": "object",
    "required": ["lines", "findings"],
    "additionalProperties": False,
    "properties": {
        "lines": {
            "type": "object",
            "required": ["total", "rows", "bad", "ambiguous"],
            "additionalProperties": False,
            "properties": dict.fromkeys(("total", "rows", "bad", "ambiguous"), COUNT),
        },
        "findings": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["host", "flag", "count", "first", "last", "causes", "would_settle", "next"],
                "additionalProperties": False,
                "properties": {
                    "host": {"type": "string"},
                    "flag": {"type": "string", "minLength": 1},
                    "count": {"type": "integer", "minimum": 1},
                    "first": TIME,
                    "last": TIME,
                    "causes": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "required": ["cause", "probability", "for", "against"],
                            "additionalProperties": False,
                            "properties": {
                                "cause": {"enum": sorted(titles())},
                                "probability": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
                                "for": TEXTS,
                                "against": TEXTS,
                            },
                        },
                    },
                    "would_settle": TEXTS,
                    "next": TEXTS,
                },
            },
        },
    },
}


def diagnosed(path: Path) -> Diagnosis:
    """The diagnosis of one file."""
    return diagnose(scanned(path))


@pytest.mark.parametrize("path", sorted(CASES.glob("*/*.log"))[::4], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_json_has_the_agreed_shape(path: Path) -> None:
    told = json.loads(json.dumps(diagnosis_json(diagnosed(path))))
    jsonschema.validate(told, SCHEMA)
    assert told["lines"]["rows"] + told["lines"]["bad"] == told["lines"]["total"]
    for finding in told["findings"]:
        assert sum(round(1000 * cause["probability"]) for cause in finding["causes"]) == 1000


def test_a_calm_log_says_so(tmp_path: Path) -> None:
    found = diagnosed(written(tmp_path, *(served(number) for number in range(3))))
    assert diagnosis_json(found)["findings"] == []
    assert "Nothing failed in these logs." in diagnosis_text(found, titles())
    assert "Nothing failed in these logs." in diagnosis_html(found, titles())


def test_the_text_tells_evidence_doubt_and_what_next(tmp_path: Path) -> None:
    told = diagnosis_text(diagnosed(written(tmp_path, istio(0), "not a log line")), titles())
    assert "2 lines: 1 Istio text; 1 not read" in told
    assert "One line alone seldom proves a cause" in told
    assert "would settle it" in told
    assert "unstale prove --scenario" in told
    assert "all other causes together" in told


def test_no_line_of_text_is_wider_than_asked(tmp_path: Path) -> None:
    told = diagnosis_text(diagnosed(written(tmp_path, *(istio(n) for n in range(5)))), titles(), width=80)
    wide = [
        line for line in told.splitlines() if len(line) > 80 and "case.log" not in line and "  unstale " not in line
    ]
    assert wide == []


@pytest.mark.parametrize("host", ["<script>alert(1)</script>", "a\x1b[31mb", "x' onload='y"])
def test_what_strangers_wrote_stays_text(tmp_path: Path, host: str) -> None:
    found = diagnosed(written(tmp_path, *(istio(number, host=host) for number in range(4))))
    page = diagnosis_html(found, titles())
    assert "<script" not in page
    assert "\x1b" not in page
    assert "\x1b" not in diagnosis_text(found, titles())
    assert not re.search(r"<[^>]+ onload=", page)


def test_the_page_loads_nothing_and_has_its_pictures() -> None:
    page = diagnosis_html(diagnosed(CASES / "stale_keepalive_race" / "fires-gaps-of-five-seconds.log"), titles())
    assert "default-src 'none'" in page
    assert not re.search(r"(?:src|href)=\"(?!#)", page)
    assert page.count("<svg") == 3
    assert "prefers-color-scheme: dark" in page


def test_every_colour_of_the_overview_is_in_its_key(tmp_path: Path) -> None:
    overflow = istio(1, host="b.example", flags="UO", details="upstream_reset_before_response_started{overflow}")
    page = diagnosis_html(diagnosed(written(tmp_path, istio(0), overflow)), titles())
    assert set(re.findall(r'rect class="(dg-c\d)"', page)) == set(re.findall(r'swatch (dg-c\d)"', page))


class Screen:
    """A stream that remembers."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""


def test_a_short_scan_draws_nothing_and_a_long_one_a_line() -> None:
    from typing import TextIO, cast

    from unstale.accesslog.result import Progress

    times = iter([0.0, 0.1, 0.5, 0.55, 0.7])
    screen = Screen()
    progress = ScanProgress(cast(TextIO, screen), clock=lambda: next(times))
    step = Progress(done_bytes=50_000_000, total_bytes=100_000_000, lines=12_345, rows=1, failed=2)
    progress(step)
    assert screen.text == ""
    progress(step)
    assert " 50%  12,345 lines, 2 failed, 100 MB/s" in screen.text
    drawn = screen.text
    progress(step)
    assert screen.text == drawn
    progress(step)
    progress.done()
    assert screen.text.endswith("\r\x1b[K")
