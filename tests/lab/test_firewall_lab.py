"""A real nftables set forgets after the lease: counted from the first answer, or from the last one where it renews."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from unstale.lab import machine

pytestmark = pytest.mark.lab


def test_a_lease_runs_from_the_first_answer_unless_the_firewall_renews() -> None:
    trial = Path(__file__).with_name("firewall_trial.py")
    command = [*machine.isolation(), sys.executable, str(trial)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    remembered_s = json.loads(done.stdout)
    assert remembered_s["not renewing"] < 1.5, "the second answer at 0.6 s must not lengthen a lease of 1 s"
    assert remembered_s["renewing"] >= 1.55, "the second answer at 0.6 s must start the lease of 1 s again"
