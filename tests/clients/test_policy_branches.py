"""The tests of the policy take every branch of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import unstale.clients.policy

HERE = Path(__file__).parent


def test_the_policys_tests_take_every_branch_both_ways() -> None:
    command = [sys.executable, str(HERE / "branches.py"), unstale.clients.policy.__file__, str(HERE / "test_policy.py")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]


def test_a_branch_that_is_not_taken_is_named(tmp_path: Path) -> None:
    (tmp_path / "half.py").write_text("def half(x):\n    return 1 if x else 2\n")
    (tmp_path / "test_half.py").write_text("import half\n\ndef test_half():\n    assert half.half(1) == 1\n")
    command = [sys.executable, str(HERE / "branches.py"), str(tmp_path / "half.py"), str(tmp_path / "test_half.py")]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.returncode == 1
    assert f"{tmp_path / 'half.py'}:2: half: 1 of 2 ways" in run.stdout
