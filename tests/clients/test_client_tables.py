"""The tables of docs/clients.md: each is below the comment that names its cells, and is written from reports."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

PAGE = """before

<!-- cells: fresh-httpx httpx, tls -->

| | `fresh-httpx` | `httpx` |
|---|---|---|
| calm | 9, 9 | |
| idle-race | 1, 2 | 3, 4 |

after
"""


@pytest.fixture
def script() -> Any:
    spec = importlib.util.spec_from_file_location("write_client_tables", ROOT / "scripts" / "write_client_tables.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cell(app: str, scenario: str, method: str, failed: int, twice: int = 0) -> dict[str, object]:
    return {"app": app, "scenario": scenario, "method": method, "failed": failed, "executed_twice": twice, "runs": []}


def report(*cells: dict[str, object], tls: bool = True) -> dict[str, object]:
    return {"parameters": {"tls": tls}, "cells": list(cells)}


def test_a_cell_that_was_run_is_written_and_another_is_kept(script: Any) -> None:
    run = report(cell("fresh-httpx", "calm", "GET", 0), cell("fresh-httpx", "calm", "POST", 7, twice=2))
    other = report(cell("httpx", "idle-race", "GET", 5), cell("httpx", "idle-race", "POST", 6), tls=False)
    page = script.rewritten(PAGE, script.counts_of([run, other]))
    assert page == PAGE.replace("| calm | 9, 9 | |", "| calm | 0, 7 (2 twice) |  |")


def test_of_two_reports_the_worst_counts(script: Any) -> None:
    counts = script.counts_of([report(cell("a", "calm", "GET", failed, twice=1)) for failed in (1, 3, 2)])
    assert counts == {("a", "tls", "calm", "GET"): (3, 1)}


def test_of_a_cell_that_ran_several_times_the_worst_run_counts(script: Any) -> None:
    runs = [{"failed": 0, "executed_twice": 0}, {"failed": 7, "executed_twice": 1}]
    counts = script.counts_of([report({**cell("a", "calm", "POST", 0), "runs": runs})])
    assert counts == {("a", "tls", "calm", "POST"): (7, 1)}


def test_the_page_has_four_tables_of_known_applications(script: Any) -> None:
    found = list(script.TABLE.finditer((ROOT / "docs" / "clients.md").read_text("utf-8")))
    assert sorted(one["way"] for one in found) == ["clear", "clear", "tls", "tls"]
    apps = {app.replace("-", "_") for one in found for app in one["apps"].split()}
    assert apps <= {file.stem for file in (ROOT / "src" / "unstale" / "lab" / "apps").glob("*.py")}
