"""Fresh runs of the lab with other policies and parameters than the recordings: the true cause comes first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from diagnosing import scanned
from truth import FEW, true_cause

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.diagnose import diagnose
from unstale.diagnosis.finding import Finding

pytestmark = pytest.mark.lab

MANIFESTS = Path(__file__).parent / "lab-manifests"
RUNS = (
    ("none", "POST", "--rate", "90", "--connections", "6", "--ttl", "2", "--duration", "8", "--jobs", "5"),
    ("article", "GET", "--rate", "60", "--connections", "4", "--duration", "5", "--jobs", "5"),
)
SCENARIOS = (
    *("calm", "rotation-fin", "rotation-sudden", "firewall-rst", "runs-then-cuts", "own-503"),
    *("nobody-listens", "server-ends", "registry-only", "h2-to-h1"),
)


def proved(folder: Path, *arguments: str) -> dict[str, tuple[Finding, ...]]:
    """The findings of every cell that `unstale prove` runs, by the cell's name."""
    command = [sys.executable, "-m", "unstale.cli.main", "prove", "-q", "--recordings", str(folder), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode in (0, 1), ended.stderr
    logs = sorted(folder.glob("*/*/access.log"))
    return {path.parent.name: diagnose(scanned(path)).findings for path in logs}


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run[0]}-{run[1]}")
def test_varied_policies_and_parameters(tmp_path: Path, run: tuple[str, ...]) -> None:
    policy, method, *parameters = run
    scenarios = [word for name in SCENARIOS for word in ("--scenario", name)]
    found = proved(tmp_path, *scenarios, "--policy", policy, "--method", method, *parameters)
    assert len(found) == len(SCENARIOS)
    for cell, findings in found.items():
        cause = true_cause(cell.removesuffix(f"-{policy}-{method}"))
        if cause is None:
            assert findings == (), cell
        elif findings and findings[0].count >= FEW:
            assert findings[0].top.cause is cause, (cell, findings[0].suspects[:3])
    assert sum(bool(findings) for findings in found.values()) >= 4


def test_manifests_that_fail_in_calm_weather(tmp_path: Path) -> None:
    calm = ("--scenario", "calm", "--method", "GET", "--duration", "1.5", "--rate", "30")
    (findings,) = proved(tmp_path, str(MANIFESTS / "tls-to-plain.yaml"), *calm).values()
    assert [finding.top.cause for finding in findings] == [Cause.TLS_MISMATCH]
