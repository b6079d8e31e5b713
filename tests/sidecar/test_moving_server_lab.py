"""The story that the documentation tells: a server that moves in DNS, behind `unstale sidecar`, outside the lab."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.lab

SCRIPT = Path(__file__).parents[2] / "docs" / "examples" / "moving_server.py"


def _played(story: str, *policies: str) -> dict[str, Any]:
    words = [sys.executable, str(SCRIPT), "--json", "--story", story, *policies]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    return {row["policy"]: row for row in json.loads(done.stdout)}


def test_a_server_that_moves_at_once_fails_without_a_policy_and_with_the_articles() -> None:
    rows = _played("sudden", "none", "article", "recommended")
    assert rows["none"]["failed"] > rows["article"]["failed"] > 0
    assert rows["recommended"]["failed"] == 0
    assert rows["recommended"]["twice"] == 0


def test_a_name_server_that_stops_costs_nothing() -> None:
    row = _played("dns-stops", "recommended")["recommended"]
    assert (row["failed"], row["twice"]) == (0, 0)
    assert row["requests"] > 100
