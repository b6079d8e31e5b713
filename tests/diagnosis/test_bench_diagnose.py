"""The benchmark of the diagnosis: its figures on the project's own cases, its table, and what it refuses."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
REPORTS = Path(__file__).parent / "reports.jsonl"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("bench_diagnose", ROOT / "scripts" / "bench_diagnose.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_diagnose"] = module
    spec.loader.exec_module(module)
    return module


def test_published_reports_retold_are_diagnosed(bench: ModuleType) -> None:
    first, three = bench.shares(bench.judge_all(REPORTS))
    assert first >= bench.FIRST_AIM
    assert three >= bench.THREE_AIM


def test_every_report_says_where_it_is_from_and_that_its_lines_are_invented() -> None:
    head, *cases = map(json.loads, REPORTS.read_text("utf-8").splitlines())
    assert head["note"].startswith("invented lines")
    assert len(cases) >= 12
    assert all(case["source"].startswith("https://") for case in cases)


def test_a_miss_shows_in_the_table_and_in_the_exit_code(
    bench: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = tmp_path / "cases.jsonl"
    case = {"id": "a", "log": ["503 UO upstream_reset_before_response_started{overflow}"], "cause_class": "dns_failure"}
    cases.write_text(json.dumps({**case, "app_error": None, "confidence": "reporter"}) + "\n")
    assert bench.main([str(cases), "--misses"]) == 1
    told = capsys.readouterr().out
    assert "a: dns_failure, but said overflow" in told
    assert "1 cases: the cause came first in 0.0% (aim 85%)" in told


def test_a_plausible_case_counts_half(bench: ModuleType) -> None:
    known = [
        bench.Known(name=name, text="", cause="overflow", weight=weight) for name, weight in (("a", 1.0), ("b", 0.5))
    ]
    judged = [
        bench.Judged(known=known[0], said=(("overflow", 1.0),)),
        bench.Judged(known=known[1], said=(("other", 0.6), ("overflow", 0.4))),
    ]
    assert bench.shares(judged) == (pytest.approx(2 / 3), 1.0)


@pytest.mark.parametrize("text", ["not json\n", '{"cause_class": "overflow"}\n'])
def test_what_are_no_cases_is_refused(bench: ModuleType, tmp_path: Path, text: str) -> None:
    cases = tmp_path / "cases.jsonl"
    cases.write_text(text)
    assert bench.main([str(cases)]) == 2
    assert bench.main([str(tmp_path / "missing.jsonl")]) == 2
