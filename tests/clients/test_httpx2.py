"""The adapter for httpx2 is what the one for httpx makes it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["httpx2.py", "httpcore2.py"])
def test_what_is_committed_is_what_is_written(name: str) -> None:
    spec = importlib.util.spec_from_file_location("write_httpx2", ROOT / "scripts" / "write_httpx2.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.written(name) == (ROOT / "src" / "unstale" / "clients" / name).read_text()
