"""The recordings of the lab: each scenario's true cause comes first, and calm weather has no finding."""

from __future__ import annotations

from pathlib import Path

import pytest
from diagnosing import scanned
from truth import FEW, true_cause

from unstale.diagnosis.cause import STALE
from unstale.diagnosis.diagnose import diagnose

RECORDINGS = Path(__file__).resolve().parents[1] / "recordings"
LOGS = sorted(RECORDINGS.glob("*/*/access.log"))


def test_there_are_recordings_of_many_scenarios() -> None:
    assert len({path.parent.parent.name for path in LOGS}) >= 20
    named = {path.parent.parent.name for path in LOGS if true_cause(path.parent.parent.name) is None}
    assert named <= {"calm"}


@pytest.mark.parametrize("path", LOGS, ids=lambda path: f"{path.parent.parent.name}/{path.parent.name}")
def test_the_true_cause_comes_first(path: Path) -> None:
    findings = diagnose(scanned(path)).findings
    cause = true_cause(path.parent.parent.name)
    if cause is None:
        assert findings == ()
    elif findings and findings[0].count >= FEW:
        assert findings[0].top.cause is cause, [(one.cause, one.probability) for one in findings[0].suspects[:3]]
    elif findings:
        assert findings[0].is_single
        assert findings[0].top.probability < 0.9


@pytest.mark.parametrize("path", [path for path in LOGS if path.parent.parent.name == "own-503"], ids=str)
def test_the_servers_own_errors_raise_no_false_alarm(path: Path) -> None:
    assert not any(one.top.cause in STALE for one in diagnose(scanned(path)).findings)
