"""Every format reads its cases, and what it may skip without a look it never skips."""

from __future__ import annotations

import json
import pkgutil
from pathlib import Path

import pytest
from format_cases import CASES, FOLDER, read

from unstale.accesslog import formats
from unstale.accesslog.triggers import has_trigger


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_line_is_read_as_recorded(path: Path) -> None:
    assert read(path) == json.loads(path.with_suffix(".json").read_text())


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_line_is_not_skipped_unread(path: Path) -> None:
    assert has_trigger(path.read_bytes())


def test_every_format_has_cases_and_every_case_a_format() -> None:
    assert {info.name for info in pkgutil.iter_modules(formats.__path__)} == {path.name for path in FOLDER.iterdir()}
