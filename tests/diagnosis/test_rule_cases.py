"""Every rule on its cases: those that must name it first, those that must not, and logs in which nothing failed."""

from __future__ import annotations

from pathlib import Path

import pytest
from diagnosing import CASES, findings_of

from unstale.diagnosis.cause import STALE, Cause

FIRES = sorted(CASES.glob("*/fires-*.log"))
SILENT = sorted(CASES.glob("*/silent-*.log"))
CALM = sorted((CASES.parent / "calm").glob("*.log"))


@pytest.mark.parametrize("path", FIRES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_true_cause_comes_first(path: Path) -> None:
    found = findings_of(path)
    assert found, "nothing was found"
    assert found[0].top.cause == path.parent.name, [(one.cause, one.probability) for one in found[0].suspects[:3]]


@pytest.mark.parametrize("path", SILENT, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_look_alikes_do_not_name_the_cause(path: Path) -> None:
    found = findings_of(path)
    assert found
    assert all(one.top.cause != path.parent.name for one in found)


@pytest.mark.parametrize("path", CALM, ids=lambda path: path.stem)
def test_calm_logs_have_no_finding(path: Path) -> None:
    assert findings_of(path) == ()


@pytest.mark.parametrize("path", sorted(CASES.glob("upstream_own_5xx/fires-*.log")), ids=lambda path: path.stem)
def test_the_servers_own_errors_are_no_stale_connection(path: Path) -> None:
    assert not any(one.top.cause in STALE for one in findings_of(path))


def test_every_cause_has_cases_that_fire_and_one_that_stays_silent() -> None:
    for cause in Cause:
        folder = CASES / cause
        assert len(list(folder.glob("fires-*.log"))) >= 3, cause
        assert list(folder.glob("silent-*.log")), cause


def test_invented_cases_say_so_in_their_first_line() -> None:
    assert all(path.read_text("utf-8").startswith("# invented: ") for path in (*FIRES, *SILENT, *CALM))
